"""Who acts, as the rules and the history are told: on which side, by which way in, in whose name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from distributor.identity.acting import Absentee, CurrentMember, acting, acting_upstream, names_both, operator, system
from workflows.usage_report import Role, Side

UID = UUID(int=7)
TOMAS = Absentee(8, UID, "Tomás Keane", frozenset({Role.REVIEWER}), date(2026, 12, 12))


@dataclass
class Row:
    """Both sides of an account."""

    distributor_id: int
    msp_id: int


def member(**changes: Any) -> CurrentMember:
    """Of organization 3, a reviewer and nothing else."""
    plain: dict[str, Any] = {
        "user_id": 5, "member_id": 6, "member_uid": UID, "email": "niamh@example.com", "name": "Niamh Doyle",
        "locale": "en", "organization_id": 3, "organization_uid": UID, "organization_name": "Meridian",
        "is_distributor": True, "roles": frozenset({Role.REVIEWER}),
    }  # fmt: skip
    return CurrentMember(**{**plain, **changes})


@pytest.mark.parametrize(
    ("row", "side"),
    [(Row(3, 4), Side.DISTRIBUTOR), (Row(4, 3), Side.MSP), (Row(4, 9), Side.OUTSIDE), (Row(3, 3), Side.MSP)],
)
def test_the_account_says_on_which_side_a_member_stands(row: Row, side: Side) -> None:
    assert member().side_of(row) is side
    assert acting(member(), row).actor.side is side


@pytest.mark.parametrize(("scopes", "via"), [(None, "web"), (frozenset(), "api"), (frozenset({"x"}), "api")])
def test_a_sign_in_acts_through_the_pages_and_a_token_through_the_api(scopes: frozenset[str] | None, via: str) -> None:
    who = member(scopes=scopes, web_session_id=1, api_token_id=2)
    for found in (acting(who, Row(3, 4)), acting_upstream(who)):
        assert (found.via, found.name, found.web_session_id, found.api_token_id) == (via, "Niamh Doyle", 1, 2)


def test_what_a_distributor_holds_alone_is_changed_on_its_side_and_by_nobody_else() -> None:
    assert acting_upstream(member()).actor.side is Side.DISTRIBUTOR
    assert acting_upstream(member(is_distributor=False)).actor.side is Side.OUTSIDE


def test_a_sign_in_may_all_its_roles_allow_and_a_token_what_it_was_made_for() -> None:
    assert member().may("reports:read")
    assert member(scopes=frozenset({"reports:read"})).may("reports:read")
    assert not member(scopes=frozenset()).may("reports:read")


def test_roles_that_a_colleague_lends_are_told_from_ones_own() -> None:
    own = frozenset({Role.VIEWER})
    lent = member(own=own, acts_for=(TOMAS,))
    assert (member().own_roles, lent.own_roles) == (frozenset({Role.REVIEWER}), own)
    actor = acting(lent, Row(3, 4)).actor
    assert (actor.own, actor.person) == (own, 5)
    assert [(each.person, each.roles) for each in actor.acts_for] == [(8, TOMAS.roles)]


def test_both_names_are_kept_of_who_acts_for_somebody() -> None:
    other = Absentee(9, UUID(int=9), "Somebody else", frozenset(), date(2026, 12, 12))
    assert names_both((other, TOMAS), 8) == {"for": "Tomás Keane", "for_user": str(UID)}


def test_the_service_and_its_operator_are_no_persons() -> None:
    assert (system().name, system().via, system().actor.side) == ("Distributor", "scheduler", Side.SYSTEM)
    assert (operator().name, operator().via, operator().actor.side) == ("Operator", "command", Side.DISTRIBUTOR)
    assert (system().actor.person, operator().actor.person) == (None, None)
    assert not member().must_enrol
