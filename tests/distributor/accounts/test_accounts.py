"""Accounts: partners taken on, terms changed, regions switched on and off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.accounts import queries
from distributor.accounts.operations import PutAccount, create_account, set_reporting, update_account
from distributor.database import db
from distributor.errors import Conflict, Forbidden, InputRefused, NotFound
from distributor.identity.acting import CurrentMember, acting_upstream, system
from distributor.usage_reports.operations import opening
from distributor.usage_reports.queries import REPORT
from tests.factories import OPENED_AT, Story, member
from workflows.usage_report import Role

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def create(story: Story, by: CurrentMember | None = None, at: datetime = AT, **fields: Any) -> PutAccount:
    whole = {"number": "N-1", "msp": {"name": "Newcomer"}, **fields}
    return create_account(by or story.admin, whole, at)


def reporting(story: Story, region: str, on: bool, by: CurrentMember | None = None) -> int:
    return set_reporting(story.distributor.id, region, "MSP", on, acting_upstream(by or story.admin), at=AT)


def change(story: Story, made: PutAccount, by: CurrentMember | None = None, **changes: Any) -> dict[str, Any]:
    locked = queries.account_for_update(made.account.uid, by or story.admin)
    return queries.account_shape(update_account(locked, changes, by or story.admin, AT).account)


def test_a_number_and_a_name_are_enough(story: Story) -> None:
    shape = queries.account_shape(create(story).account)
    assert (shape["number"], shape["region"], shape["type"], shape["msp"]["name"]) == (
        "N-1",
        "Worldwide",
        "MSP",
        "Newcomer",
    )
    assert shape["terms"] == {
        "auto_submit_after_days": 10, "resubmit_after_days": 7, "opens_on_day": 20, "opens_days_after_end": None,
        "closing_day": None, "tolerance_units": "0", "tolerance_percent": "0", "currency": "EUR", "time_zone": "UTC",
        "usage_source": "feed", "reports_from": "2026-11", "reports_until": None, "approval_limit": None,
        "corrections_allowed": True, "auto_approve": None, "uplift_percent": "0", "escalate_to_admins_days": 2,
        "escalate_to_distributor_days": 1,
    }  # fmt: skip
    assert shape["usage_reports"] is True


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        ("number", {"number": ""}),
        ("number", {"number": "x" * 51}),
        ("number", {"number": "a\nb"}),
        ("number", {"number": 7}),
        ("region", {"region": ""}),
        ("type", {"type": " "}),
        ("po_number", {"po_number": "x" * 101}),
        ("colour", {"colour": 1}),
        ("terms", {"terms": []}),
        ("terms", {"terms": "none"}),
        ("msp", {"msp": None}),
        ("msp.name", {"msp": {"name": ""}}),
        ("msp.id", {"msp": {"id": "no uuid"}}),
        ("contacts", {"contacts": "me"}),
        ("contacts.0.email", {"contacts": [{"name": "x"}]}),
        ("contacts.0.email", {"contacts": [{"email": "not an address", "name": "x"}]}),
        ("contacts.0.role", {"contacts": [{"email": "a@b.c", "role": "reviewer"}]}),
    ],
)
def test_a_wrong_field_is_named(story: Story, place: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InputRefused) as refused:
        create(story, **fields)
    assert [error.field for error in refused.value.errors] == [place]


def test_numbers_are_unique_per_distributor(story: Story) -> None:
    create(story)
    with pytest.raises(Conflict, match="N-1"):
        create(story, msp={"name": "Another"})
    assert create(Story()).account.number == "N-1"


def test_only_the_distributors_admins_take_partners_on(story: Story) -> None:
    msp_admin = member(story.msp, Role.ADMIN)
    for who in (story.reviewer, story.preparer, msp_admin):
        with pytest.raises(Forbidden):
            create(story, by=who)


def test_an_msp_is_found_by_its_name_among_the_distributors_own(story: Story) -> None:
    assert create(story, msp={"name": story.msp.name.upper()}).account.msp_id == story.msp.id
    assert create(story, number="N-2", msp={"id": str(story.msp.uid)}).account.msp_id == story.msp.id


def test_another_distributors_msp_is_out_of_reach_by_name_and_id(story: Story) -> None:
    stranger = Story()
    stranger.msp.name = "Secret Partner"
    db.session.flush()
    assert create(story, msp={"name": "Secret Partner"}).account.msp_id != stranger.msp.id
    for uid in (stranger.msp.uid, uuid4()):
        with pytest.raises(InputRefused, match="refused") as refused:
            create(story, number="N-2", msp={"id": str(uid)})
        assert refused.value.errors[0].reason == "You have no MSP with this id."


def test_contacts_become_members_and_get_a_link(story: Story) -> None:
    contacts = [{"name": "Ann", "email": "Ann@New.example", "role": "admin"}, {"email": "bob@new.example"}]
    made = create(story, contacts=contacts)
    roles = {invited.member.user.email: (invited.member.user.name, invited.member.roles) for invited in made.invited}
    assert roles == {"ann@new.example": ("Ann", ["admin"]), "bob@new.example": ("bob", ["preparer"])}
    assert all(invited.link for invited in made.invited)
    assert {invited.member.organization_id for invited in made.invited} == {made.account.msp_id}


def test_a_change_of_terms_leaves_the_open_report_alone(story: Story) -> None:
    made = create(story, at=OPENED_AT)
    opening.open_next([made.account.id], OPENED_AT, system())
    shape = change(story, made, terms={"tolerance_percent": "5", "currency": "USD"})
    assert (shape["terms"]["currency"], shape["terms"]["auto_submit_after_days"]) == ("USD", 10)
    assert db.session.execute(select(REPORT.c.currency, REPORT.c.tolerance_percent)).one() == ("EUR", 0)


def test_one_way_of_opening_takes_the_others_place(story: Story) -> None:
    made = create(story)
    terms = change(story, made, terms={"opens_days_after_end": 3})["terms"]
    assert (terms["opens_on_day"], terms["opens_days_after_end"]) == (None, 3)
    terms = change(story, made, terms={"opens_on_day": 5})["terms"]
    assert (terms["opens_on_day"], terms["opens_days_after_end"]) == (5, None)


def test_an_account_cannot_be_left_without_a_way_of_opening(story: Story) -> None:
    made = create(story)
    with pytest.raises(InputRefused):
        change(story, made, terms={"opens_on_day": None})


def test_when_the_next_cycle_opens_is_worked_out_anew(story: Story) -> None:
    made = create(story, terms={"reports_from": "2026-12"})
    shape = change(story, made, terms={"opens_on_day": 25, "time_zone": "Europe/Berlin"})
    assert (shape["next_cycle"], shape["next_opens_at"]) == ("2026-12", datetime(2026, 12, 24, 23, tzinfo=UTC))
    assert change(story, made, terms={"reports_until": "2026-12"})["next_opens_at"] is not None


def test_the_next_cycle_never_moves_back(story: Story) -> None:
    made = create(story, terms={"reports_from": "2027-01"})
    assert change(story, made, terms={"reports_from": "2026-01"})["next_cycle"] == "2027-01"
    assert change(story, made, terms={"reports_from": "2027-03"})["next_cycle"] == "2027-03"


def test_a_change_names_what_it_cannot_change(story: Story) -> None:
    made = create(story)
    with pytest.raises(InputRefused) as refused:
        change(story, made, msp={"name": "Another"}, terms={"closing_day": 31}, number="")
    assert [error.field for error in refused.value.errors] == ["number", "closing_day", "msp"]


def test_a_number_that_is_taken_is_refused(story: Story) -> None:
    create(story)
    second = create(story, number="N-2")
    with pytest.raises(Conflict):
        change(story, second, number="N-1")
    assert change(story, second, number="N-3", po_number="PO 7")["po_number"] == "PO 7"


def test_the_msp_sees_its_account_and_changes_nothing(story: Story) -> None:
    made = create(story, msp={"id": str(story.msp.uid)})
    assert queries.account(made.account.uid, story.preparer).id == made.account.id
    with pytest.raises(Forbidden):
        change(story, made, by=member(story.msp, Role.ADMIN), terms={"tolerance_units": "9"})


def test_somebody_elses_account_is_not_found(story: Story) -> None:
    made = create(story)
    with pytest.raises(NotFound):
        queries.account(made.account.uid, Story().admin)


def test_accounts_in_sight_are_found_and_paged_by_number(story: Story) -> None:
    for number in ("N-2", "N-1", "N-3"):
        create(story, number=number)
    Story()
    first = queries.accounts_in_sight(story.admin, search="newcomer", limit=2)
    rest = queries.accounts_in_sight(story.admin, search="newcomer", after=queries.keyset(first[-1]))
    assert [row.number for row in first + rest] == ["N-1", "N-2", "N-3"]
    assert [row.number for row in queries.accounts_in_sight(story.preparer)] == [story.account.number]


def test_an_ambiguous_number_asks_for_the_distributor(story: Story) -> None:
    create(story)
    other = Story()
    other.distributor.name = "Second House"
    db.session.flush()
    create(other)
    with pytest.raises(InputRefused, match="--distributor"):
        queries.account_by_number("N-1")
    assert queries.account_by_number("N-1", "second house").distributor_id == other.distributor.id
    with pytest.raises(InputRefused, match="no account X-9"):
        queries.account_by_number("X-9")


def test_a_region_that_is_switched_off_opens_nothing_and_on_again_it_does(story: Story) -> None:
    made = create(story, region="Ireland", at=OPENED_AT).account
    reporting(story, "Ireland", False)
    assert queries.account(made.uid, story.admin).usage_reports is False
    opening.open_newest(OPENED_AT, system(), after=made.id - 1)
    assert db.session.scalar(select(func.count()).select_from(REPORT)) == 0
    reporting(story, "Ireland", True)
    opening.open_newest(OPENED_AT, system(), after=made.id - 1)
    assert db.session.scalar(select(func.count()).select_from(REPORT)) == 1


def test_a_region_keeps_being_switched_off_when_an_account_joins_it(story: Story) -> None:
    reporting(story, "Ireland", False)
    assert create(story, region="Ireland").account.usage_reports is False
    scopes = [(row.region, row.usage_reports, row.accounts) for row in queries.reporting_scopes(story.distributor.id)]
    assert scopes == [("Europe", True, 1), ("Ireland", False, 1)]


def test_only_admins_switch_regions(story: Story) -> None:
    with pytest.raises(Forbidden):
        reporting(story, "Ireland", False, story.reviewer)
    with pytest.raises(InputRefused):
        reporting(story, " ", False)
