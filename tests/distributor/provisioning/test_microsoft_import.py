"""Microsoft's file: rows kept per file, and what they mean for the cycles they reach."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.catalogue.models import Product
from distributor.database import db
from distributor.errors import InputRefused
from distributor.provisioning import queries
from distributor.provisioning.models import SubscriptionCharge, UsageSnapshot
from distributor.provisioning.operations.snapshots import Counted, Delivery, put_snapshot
from distributor.usage_reports.queries import ACCOUNT
from tests.distributor.provisioning.deliveries import (
    AT,
    charge,
    counts,
    deliver,
    microsoft_file,
    report_of,
    sample,
    usage_file,
)
from tests.factories import OPENED_AT, Story, customer, product
from workflows.report_cycle import Cycle

APRIL, MAY, JUNE = Cycle(2026, 4), Cycle(2026, 5), Cycle(2026, 6)
SAMPLE = "microsoft-nce-reconciliation.csv"
E3 = "CFQ7TTC0LFLX:0021"
YEAR = (date(2026, 4, 10), date(2027, 4, 10))
A_MONTH = (date(2026, 4, 10), date(2026, 5, 10))


@pytest.fixture
def story(app: Flask) -> Story:
    story = Story(currency="USD", reports_from=APRIL.first_day)
    product(story.distributor, E3)
    return story


def units_of(story: Story, cycle: Cycle) -> list[int] | None:
    """Units of the cycle's current snapshot, None where there is none."""
    snapshot = queries.current_snapshot(story.account.id, cycle, "microsoft")
    rows = "SELECT provisioned_units FROM usage_rows WHERE snapshot_id = :id ORDER BY id"
    return None if snapshot is None else [int(u) for u in db.session.scalars(db.text(rows), {"id": snapshot.id})]


def derived(story: Story) -> dict[str, bool]:
    rows = queries.current_snapshots(story.account.id, "microsoft")
    return {str(Cycle.from_date(row.cycle)): row.is_derived for row in rows}


def test_the_sample_file_gives_98_lines_of_98_customers_and_1299_units(story: Story) -> None:
    result = deliver(story, sample(SAMPLE, "2026-04"), cycle=APRIL, add_products=True)
    assert (result.rows, *counts(result)) == (100, 98, 0, 0, 0)
    story.open_cycle(APRIL, OPENED_AT)
    lines = story.lines(report_of(story, APRIL))
    assert (len(lines), len({line.customer_id for line in lines})) == (98, 98)
    assert report_of(story, APRIL).provisioned_units == 1299
    db.session.commit()


def test_the_sample_adds_its_products_with_their_first_price(story: Story) -> None:
    result = deliver(story, sample(SAMPLE, "2026-04"), cycle=APRIL, add_products=True)
    assert len(result.products_added) == 3
    assert db.session.scalar(select(func.count()).select_from(Product)) == 4
    assert all(added.price and added.currency == "USD" for added in result.products_added)
    assert any("another price" in warning for warning in result.warnings)


def test_the_sample_twice_changes_nothing(story: Story) -> None:
    deliver(story, sample(SAMPLE, "2026-04"), cycle=APRIL, add_products=True)
    snapshots = db.session.scalar(select(func.count()).select_from(UsageSnapshot))
    result = deliver(story, sample(SAMPLE, "2026-04"), cycle=APRIL, add_products=True)
    assert (counts(result), result.products_added) == ((0, 0, 0, 98), ())
    assert db.session.scalar(select(func.count()).select_from(UsageSnapshot)) == snapshots
    assert db.session.scalar(select(func.count()).select_from(SubscriptionCharge)) == 100


def test_a_dry_run_of_the_sample_keeps_nothing(story: Story) -> None:
    result = deliver(story, sample(SAMPLE, "2026-04"), cycle=APRIL, add_products=True, dry_run=True)
    assert (counts(result), len(result.products_added)) == ((98, 0, 0, 0), 3)
    assert db.session.scalar(select(func.count()).select_from(SubscriptionCharge)) == 0
    assert derived(story) == {}


def test_the_sample_is_refused_for_an_account_in_euro(app: Flask) -> None:
    story = Story()
    with pytest.raises(InputRefused, match="refused") as error:
        deliver(story, sample(SAMPLE, "2026-04"), cycle=APRIL, add_products=True)
    (wrong, *_) = error.value.errors
    assert (wrong.field, wrong.reason[3:6]) == ("currency", "USD")


def test_a_charge_for_a_year_counts_in_every_month_it_covers(story: Story) -> None:
    deliver(story, microsoft_file(charge("S1", E3, "5", *YEAR)), cycle=APRIL)
    cycles = derived(story)
    assert (len(cycles), cycles["2026-04"], cycles["2026-05"], cycles["2027-04"]) == (13, False, True, True)
    assert units_of(story, Cycle(2027, 4)) == [5]


def test_derived_usage_fills_a_report_but_leaves_absent_lines_unknown(story: Story) -> None:
    yearly, monthly = charge("S1", E3, "5", *YEAR), charge("S2", E3, "3", date(2026, 4, 1), date(2026, 5, 1), row=3)
    deliver(story, microsoft_file(yearly, monthly), cycle=APRIL)
    story.open_cycle(APRIL, OPENED_AT)
    story.open_cycle(MAY, OPENED_AT)
    lines = {line.customer_name: line.provisioned_units for line in story.lines(report_of(story, MAY))}
    assert lines == {"C S1": 5, "C S2": None}


def test_the_next_file_settles_what_was_derived_and_unknown(story: Story) -> None:
    yearly, monthly = charge("S1", E3, "5", *YEAR), charge("S2", E3, "3", date(2026, 4, 1), date(2026, 5, 1), row=3)
    deliver(story, microsoft_file(yearly, monthly), cycle=APRIL)
    story.open_cycle(APRIL, OPENED_AT)
    story.open_cycle(MAY, OPENED_AT)
    more = charge("S1", E3, "7", date(2026, 5, 15), YEAR[1])
    result = deliver(story, microsoft_file(more), cycle=MAY)
    assert (derived(story)["2026-05"], units_of(story, APRIL), units_of(story, JUNE)) == (False, [5, 3], [7])
    lines = {line.customer_name: line.provisioned_units for line in story.lines(report_of(story, MAY))}
    assert (lines, counts(result)) == ({"C S1": 7}, (0, 1, 0, 0))
    db.session.commit()


def test_a_file_replaced_by_a_shorter_one_takes_its_derived_units_back(story: Story) -> None:
    deliver(story, microsoft_file(charge("S1", E3, "5", *YEAR)), cycle=APRIL)
    deliver(story, microsoft_file(charge("S1", E3, "5", *A_MONTH)), cycle=APRIL)
    assert (units_of(story, MAY), units_of(story, JUNE), units_of(story, Cycle(2027, 4))) == ([5], [], [])


def test_a_derived_line_that_its_file_no_longer_holds_is_unknown_again(story: Story) -> None:
    deliver(story, microsoft_file(charge("S1", E3, "5", *YEAR)), cycle=APRIL)
    story.open_cycle(JUNE, OPENED_AT)
    result = deliver(story, microsoft_file(charge("S1", E3, "5", *A_MONTH)), cycle=APRIL)
    (line,) = story.lines(report_of(story, JUNE))
    assert (line.provisioned_units, line.chargeable_units) == (None, None)
    assert [(str(other.cycle), other.refreshed) for other in result.other_reports] == [("2026-06", True)]
    db.session.commit()


def test_an_older_file_imported_late_reaches_the_months_after_it(story: Story) -> None:
    deliver(story, microsoft_file(charge("S2", E3, "3", date(2026, 5, 1), date(2026, 6, 1))), cycle=MAY)
    deliver(story, microsoft_file(charge("S1", E3, "5", *YEAR)), cycle=APRIL)
    assert (units_of(story, APRIL), sorted(units_of(story, MAY) or [])) == ([5], [3, 5])
    assert derived(story)["2026-05"] is False


def test_a_charge_that_reaches_back_corrects_a_month_that_was_delivered(story: Story) -> None:
    deliver(story, microsoft_file(charge("S1", E3, "5", *YEAR)), cycle=APRIL)
    deliver(story, microsoft_file(charge("S1", E3, "4", date(2026, 4, 20), YEAR[1])), cycle=MAY)
    assert (units_of(story, APRIL), units_of(story, MAY)) == ([4], [4])


def test_a_charge_that_reaches_back_opens_no_month_nobody_delivered(story: Story) -> None:
    deliver(story, microsoft_file(charge("S1", E3, "5", date(2025, 12, 10), date(2026, 12, 10))), cycle=APRIL)
    assert min(derived(story)) == "2026-04"


def test_a_cancelled_subscription_holds_nothing_any_more(story: Story) -> None:
    deliver(story, microsoft_file(charge("S1", E3, "5", *YEAR)), cycle=APRIL)
    deliver(story, microsoft_file(charge("S1", E3, "5", date(2026, 5, 20), YEAR[1], cancelled=True)), cycle=MAY)
    assert (units_of(story, APRIL), units_of(story, MAY), units_of(story, JUNE)) == ([5], [], [])


def test_charges_without_an_end_in_sight_reach_three_years_ahead(story: Story) -> None:
    deliver(story, microsoft_file(charge("S1", E3, "5", date(2026, 4, 10), date(2199, 12, 31))), cycle=APRIL)
    assert max(derived(story)) == "2029-04"


def store_as_json(story: Story, cycle: Cycle, units: dict[str, str]) -> None:
    """Units of E3 by customer, in JSON under Microsoft's name: an import refuses them now, databases may hold them."""
    refs = {name: customer(story.account, name).ref for name in units}
    row = db.session.execute(select(ACCOUNT).where(ACCOUNT.c.id == story.account.id)).one()
    (e3,) = db.session.scalars(select(Product.id).filter_by(sku=E3))
    counted = [Counted(refs[name], e3, Decimal(number)) for name, number in units.items()]
    put_snapshot(row, cycle, counted, Delivery("microsoft", "json", None, AT, "A program"))


@pytest.fixture
def stored_in_may(story: Story) -> Story:
    """A report of May with units that came as JSON under Microsoft's name, when that was still possible."""
    store_as_json(story, MAY, {"Harbour": "40", "Quay": "60"})
    story.open_cycle(MAY, OPENED_AT)
    return story


@pytest.mark.parametrize("source", ["microsoft", "Microsoft"])
def test_only_microsofts_file_may_have_its_name(story: Story, source: str) -> None:
    with pytest.raises(InputRefused) as refused:
        deliver(story, usage_file(("Harbour", E3, "40"), source=source), cycle=MAY)
    assert [error.field for error in refused.value.errors] == ["source"]
    assert derived(story) == {}


@pytest.mark.parametrize("period", [A_MONTH, YEAR, (date(2026, 4, 1), date(2026, 5, 1))])
def test_units_stored_under_microsofts_name_outlive_the_files_of_other_months(
    stored_in_may: Story, period: tuple[date, date]
) -> None:
    for cycle in (APRIL, JUNE):
        start = cycle.first_day.replace(day=period[0].day)
        deliver(
            stored_in_may, microsoft_file(charge("S1", E3, "5", start, period[1] + (start - period[0]))), cycle=cycle
        )
    assert units_of(stored_in_may, MAY) == [40, 60]
    report = report_of(stored_in_may, MAY)
    lines = {line.customer_name: line.provisioned_units for line in stored_in_may.lines(report)}
    assert (lines, report.provisioned_units) == ({"Harbour": 40, "Quay": 60}, 100)
    db.session.commit()


def test_microsofts_file_of_the_month_itself_replaces_units_stored_under_its_name(stored_in_may: Story) -> None:
    result = deliver(stored_in_may, microsoft_file(charge("S1", E3, "5", MAY.first_day, JUNE.first_day)), cycle=MAY)
    assert (counts(result), units_of(stored_in_may, MAY)) == ((1, 0, 2, 0), [5])


def test_microsofts_file_with_the_units_stored_under_its_name_takes_their_place(story: Story) -> None:
    store_as_json(story, MAY, {"c-s1": "5"})
    same = deliver(story, microsoft_file(charge("s1", E3, "5", MAY.first_day, JUNE.first_day)), cycle=MAY)
    stored = queries.current_snapshot(story.account.id, MAY, "microsoft")
    assert (counts(same), stored and stored.format) == ((0, 0, 0, 1), "microsoft")
