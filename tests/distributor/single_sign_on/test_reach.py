"""How far a provider's word reaches for somebody who is a member elsewhere too: no further than its organization."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.identity import operations, sessions, step_up, tokens
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import Passkey
from distributor.identity.models import User, WebSession
from distributor.identity.queries import members_of
from distributor.single_sign_on import queries, signing_in
from distributor.single_sign_on.id_tokens import Vouched
from distributor.single_sign_on.models import IdentityProvider
from distributor.single_sign_on.signing_in import Attempt, SignInRefused
from tests import clients
from tests.distributor.identity.conftest import PASSWORD
from tests.distributor.identity.people import enrolled, half_in, seed_of, show
from tests.distributor.single_sign_on.conftest import Clock, Walk
from tests.factories import OPENED_AT, Story, member
from tests.oidc_provider import Provider
from workflows.usage_report import Role

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def elsewhere(story: Story, clock: Clock) -> CurrentMember:
    """The preparer's membership of the distributor, where they are an admin."""
    operations.add_member(story.distributor, story.preparer.email, "", [Role.ADMIN], clock.at)
    return next(one for one in members_of(story.preparer.user_id) if one.is_distributor)


def user_of(who: CurrentMember) -> User:
    return db.session.get_one(User, who.user_id)


def test_a_provider_confirms_nothing_for_a_sign_in_by_password(
    app: Flask, walk: Walk, story: Story, provider: Provider, elsewhere: CurrentMember
) -> None:
    desk = clients.sign_in(app, elsewhere, proved=False)
    desk.post("/switch", data={"membership": str(story.preparer.member_uid)})
    answer = desk.post("/confirm/company", data={"confirm_next": "/profile"})
    assert (answer.status_code, answer.location) == (303, "/confirm?next=/profile")
    assert provider.asked == []
    assert "/confirm/company" not in desk.get("/confirm").text
    assert desk.post("/profile/security/codes", headers=OWN).location.startswith("/confirm")


def test_nor_does_its_answer_to_one_that_was_asked_all_the_same(
    app: Flask, story: Story, settings_row: IdentityProvider, clock: Clock
) -> None:
    desk = sessions.find(sessions.start(story.preparer.user_id, story.preparer.member_id, clock.at), clock.at)
    assert desk is not None
    door = queries.door(story.msp.uid)
    attempt = Attempt(door.provider_id, desk.id, "nonce", "verifier", None, clock.at)
    vouched = Vouched(door.issuer, "subject-1", story.preparer.email, clock.at)
    with pytest.raises(SignInRefused, match="session"):
        signing_in.confirm(door, vouched, attempt, desk.member, clock.at)


def test_the_admin_who_keeps_a_way_in_confirms_by_password(
    app: Flask, story: Story, settings_row: IdentityProvider, admin: CurrentMember
) -> None:
    operations.set_password(user_of(admin), PASSWORD)
    settings_row.required, settings_row.way_in_id = True, admin.member_id
    desk = clients.sign_in(app, admin, proved=False)
    page = desk.get("/confirm?next=/profile").text
    assert "Confirm with the password" in page
    assert "/confirm/company" not in page
    assert desk.post("/confirm", data={"confirm_password": PASSWORD, "confirm_next": "/profile"}).status_code == 303
    assert desk.get("/confirm?next=/profile").location == "/profile"


def test_who_came_by_a_provider_sees_no_factor_and_no_seed_that_waits(
    app: Flask, walk: Walk, story: Story, elsewhere: CurrentMember
) -> None:
    db.session.add(passkey_of(story.preparer))
    home = clients.sign_in(app, elsewhere)
    home.post("/profile/security/codes")
    assert "Grey laptop" in home.get("/profile/security").text
    assert home.get("/profile/security/codes.svg").status_code == 200
    walk.through()
    page = walk.browser.get("/profile/security").text
    assert "sign out and sign in with your password" in page
    assert all(shown not in page for shown in ("Grey laptop", seed_of(story.preparer)[:4], "codes.svg"))
    assert walk.browser.get("/profile/security/codes.svg").status_code == 404


def passkey_of(who: CurrentMember) -> Passkey:
    made = {"credential_id": b"a key", "public_key": b"its public half", "sign_count": 0, "created_at": OPENED_AT}
    return Passkey(user_id=who.user_id, name="Grey laptop", **made)


def test_who_came_by_a_provider_signs_out_nothing_else(
    app: Flask, walk: Walk, story: Story, elsewhere: CurrentMember, clock: Clock
) -> None:
    home, other = clients.sign_in(app, elsewhere), Walk(app, story)
    home_uid = db.session.scalars(select(WebSession.uid).where(WebSession.vouched_by.is_(None))).one()
    walk.through()
    other.through()
    assert walk.browser.post(f"/profile/sign-ins/{home_uid}/revoke").status_code == 404
    walk.browser.post("/profile/sign-ins/revoke")
    assert (walk.is_in(), other.is_in(), home.get("/profile").status_code) == (True, False, 200)
    home.post("/profile/sign-ins/revoke")
    assert not walk.is_in()


def test_wrong_codes_of_who_came_by_a_provider_leave_the_second_step_elsewhere_open(
    app: Flask, walk: Walk, story: Story, clock: Clock
) -> None:
    operations.set_password(user_of(story.preparer), PASSWORD)
    phone = enrolled(story.preparer, clock)
    walk.through()
    guesses = [walk.browser.post("/confirm", data={"confirm_code": "000000"}).status_code for _ in range(11)]
    assert guesses == [422] * 10 + [429]
    assert show(half_in(app, story.preparer), phone.code()).status_code == 302


def test_a_password_of_ones_own_confirms_where_the_provider_does_not_ask_anew(
    walk: Walk, story: Story, provider: Provider
) -> None:
    operations.set_password(user_of(story.preparer), PASSWORD)
    provider.claims["auth_time"] = None
    walk.through()
    assert walk.browser.get("/confirm?next=/profile").status_code == 200
    assert walk.browser.post("/confirm", data={"confirm_password": PASSWORD}).status_code == 303
    assert walk.browser.get("/confirm?next=/profile").location == "/profile"


def test_a_password_elsewhere_proves_nothing_for_a_token_where_the_provider_is_required(
    walk: Walk, story: Story, settings_row: IdentityProvider, elsewhere: CurrentMember, clock: Clock
) -> None:
    keeper = member(story.msp, Role.ADMIN)
    operations.set_password(user_of(keeper), PASSWORD)
    text, _row = tokens.create_token(story.preparer, "Nightly", ["reports:write"], None, clock.at)
    clients.sign_in(walk.app, elsewhere)
    assert counts_as_proved(text, clock)
    settings_row.required, settings_row.way_in_id = True, keeper.member_id
    db.session.flush()
    assert not counts_as_proved(text, clock)
    walk.through()
    assert counts_as_proved(text, clock)


def test_the_token_of_the_admin_who_keeps_a_way_in_counts_on_their_password(
    app: Flask, story: Story, settings_row: IdentityProvider, admin: CurrentMember, clock: Clock
) -> None:
    operations.set_password(user_of(admin), PASSWORD)
    settings_row.required, settings_row.way_in_id = True, admin.member_id
    text, _row = tokens.create_token(admin, "Nightly", ["reports:write"], None, clock.at)
    clients.sign_in(app, admin)
    assert counts_as_proved(text, clock)


def counts_as_proved(token: str, clock: Clock) -> bool:
    found = tokens.find(token, clock.at)
    assert found is not None
    return step_up.is_proved(found.member, clock.at)
