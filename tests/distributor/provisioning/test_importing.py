"""Importing usage on a real database: what is kept, what is refused, what a second time does."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.catalogue.models import Customer, Price, Product
from distributor.database import db
from distributor.errors import Forbidden, InputRefused
from distributor.identity.acting import acting, operator
from distributor.provisioning import queries
from distributor.provisioning.formats import ProductHint, RefusedRow
from distributor.provisioning.models import UsageRow, UsageSnapshot
from tests.distributor.provisioning.deliveries import AT, counts, deliver, sample, usage_file
from tests.factories import CYCLE, Story, product
from workflows.errors import NotPermitted
from workflows.report_cycle import Cycle
from workflows.usage_report import Side


@pytest.fixture
def story(app: Flask) -> Story:
    story = Story()
    product(story.distributor, "E3")
    product(story.distributor, "BACKUP", precision=2)
    return story


def stored() -> tuple[int, int, int]:
    """Snapshots, rows, customers."""
    session = db.session
    tables = (UsageSnapshot, UsageRow, Customer)
    return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)  # type: ignore[return-value]  # three


def refused(story: Story, *rows: tuple[str, str, str]) -> list[tuple[int | None, str | None]]:
    """Row and field of everything refused; fails when anything was stored."""
    before = stored()
    with pytest.raises(InputRefused) as error:
        deliver(story, usage_file(*rows))
    assert stored() == before
    return [(wrong.row, wrong.field) for wrong in error.value.errors]


def test_a_first_file_is_kept_as_the_sources_usage_of_the_cycle(story: Story) -> None:
    result = deliver(story, usage_file(("Acme", "E3", "10", "8"), ("Acme", "BACKUP", "1.50")), file_name="october.csv")
    assert (result.rows, *counts(result), result.report) == (2, 2, 0, 0, 0, None)
    (snapshot,) = queries.history(story.account.id, CYCLE)
    assert (snapshot.source, snapshot.row_count, snapshot.file_name) == ("feed", 2, "october.csv")
    assert (snapshot.is_current, snapshot.is_derived, snapshot.imported_by) == (True, False, "Operator")
    assert [(row.ref, row.name) for row in db.session.scalars(select(Customer))] == [("acme", "Acme")]
    db.session.commit()


def test_the_same_usage_again_changes_nothing_whatever_its_order(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10"), ("Bolt", "E3", "4")))
    before = stored()
    result = deliver(story, usage_file(("Bolt", "E3", "4.00"), ("Acme", "E3", "10")), at=AT + timedelta(days=1))
    assert (counts(result), stored()) == ((0, 0, 0, 2), before)


def test_a_newer_file_replaces_its_source_and_tells_the_difference(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10"), ("Bolt", "E3", "4"), ("Core", "E3", "1")))
    result = deliver(story, usage_file(("Acme", "E3", "12"), ("Bolt", "E3", "4"), ("Dune", "E3", "2")))
    assert counts(result) == (1, 1, 1, 1)
    assert [row.is_current for row in queries.history(story.account.id, CYCLE)] == [True, False]


def test_units_that_became_known_as_used_are_a_change(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10")))
    assert counts(deliver(story, usage_file(("Acme", "E3", "10", "10")))) == (0, 1, 0, 0)


def test_another_source_stands_beside_the_first(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10")))
    assert counts(deliver(story, usage_file(("Acme", "E3", "5"), source="crm"))) == (1, 0, 0, 0)
    assert [row.is_current for row in queries.history(story.account.id, CYCLE)] == [True, True]


def test_the_same_units_counted_later_are_kept_as_a_fresher_count(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10"), counted_at=AT))
    result = deliver(story, usage_file(("Acme", "E3", "10"), counted_at=AT + timedelta(days=1)))
    assert counts(result) == (0, 0, 0, 1)
    snapshot = queries.current_snapshot(story.account.id, CYCLE, "feed")
    assert snapshot is not None
    assert snapshot.counted_at == AT + timedelta(days=1)


def test_units_counted_before_those_they_replace_are_remarked_upon(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10"), counted_at=AT))
    result = deliver(story, usage_file(("Acme", "E3", "9"), counted_at=AT - timedelta(days=1)))
    assert "before those they replace" in result.warnings[0]


def test_a_renamed_customer_has_its_new_name_even_if_no_unit_changed(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10")))
    renamed = usage_file(("ACME", "E3", "10"))
    assert counts(deliver(story, renamed)) == (0, 0, 0, 1)
    assert db.session.scalars(select(Customer.name)).all() == ["ACME"]


def test_a_file_without_names_renames_nobody(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10")))
    file = usage_file(("Acme", "E3", "11"), ("Bolt", "E3", "1"))
    for number, row in enumerate(file.rows):
        file.rows[number] = type(row)(row.row, row.customer_ref, "", row.sku, row.provisioned_units)
    deliver(story, file)
    assert sorted(db.session.scalars(select(Customer.name))) == ["Acme", "bolt"]


def test_rows_without_a_customer_are_the_accounts_totals(story: Story) -> None:
    deliver(story, usage_file(("", "E3", "100")))
    assert db.session.scalars(select(UsageRow.customer_id)).all() == [None]
    assert counts(deliver(story, usage_file(("", "E3", "101")))) == (0, 1, 0, 0)


def test_unknown_products_refuse_the_file_row_by_row(story: Story) -> None:
    assert refused(story, ("Acme", "E3", "1"), ("Acme", "NEW", "1"), ("Bolt", "NEW", "2")) == [(2, "sku"), (3, "sku")]


def test_units_finer_than_their_product_takes_refuse_the_file(story: Story) -> None:
    assert refused(story, ("Acme", "E3", "1.5"), ("Acme", "BACKUP", "1.255")) == [
        (1, "provisioned_units"), (2, "provisioned_units"),
    ]  # fmt: skip


def test_precision_is_judged_by_value(story: Story) -> None:
    assert counts(deliver(story, usage_file(("Acme", "E3", "19.000000000000000000")))) == (1, 0, 0, 0)


def test_a_product_counted_by_hand_refuses_the_file(story: Story) -> None:
    product(story.distributor, "HOURS", usage_source="manual")
    with pytest.raises(InputRefused) as error:
        deliver(story, usage_file(("Acme", "HOURS", "5")))
    assert "counted by hand" in error.value.errors[0].reason


def test_another_currency_is_refused_not_converted(story: Story) -> None:
    with pytest.raises(InputRefused) as error:
        deliver(story, usage_file(("Acme", "E3", "5"), currencies={"EUR": 2, "USD": 7}))
    assert [(wrong.row, wrong.field) for wrong in error.value.errors] == [(7, "currency")]


def test_what_the_reader_refused_refuses_the_import(story: Story) -> None:
    with pytest.raises(InputRefused, match="nothing of the file was imported"):
        deliver(story, usage_file(("Acme", "E3", "5"), refused=[RefusedRow(3, "provisioned_units", "is negative")]))
    assert stored() == (0, 0, 0)


def test_a_dry_run_tells_everything_and_writes_nothing(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10"), ("Bolt", "E3", "4")))
    before = stored()
    result = deliver(story, usage_file(("Acme", "E3", "11"), ("Core", "E3", "1")), dry_run=True)
    assert (counts(result), stored()) == ((1, 1, 1, 0), before)
    assert counts(deliver(story, usage_file(("Acme", "E3", "10"), ("Bolt", "E3", "4")))) == (0, 0, 0, 2)


def test_a_dry_run_names_every_refused_row_beside_what_the_rest_would_do(story: Story) -> None:
    result = deliver(story, usage_file(("Acme", "E3", "1"), ("Acme", "NEW", "1"), ("Bolt", "E3", "0.5")), dry_run=True)
    assert [(wrong.row, wrong.field) for wrong in result.refused] == [(2, "sku"), (3, "provisioned_units")]
    assert (counts(result), stored()) == ((1, 0, 0, 0), (0, 0, 0))


def test_products_are_added_from_the_file_where_that_is_asked_for(story: Story) -> None:
    hints = {"NEW": ProductHint("NEW", "New thing", "Vendor", "GB", 2, None, None)}
    result = deliver(story, usage_file(("Acme", "NEW", "1.25"), products=hints), add_products=True)
    row = db.session.execute(
        select(Product.name, Product.vendor, Product.unit, Product.precision).filter_by(sku="NEW")
    ).one()
    assert tuple(row) == ("New thing", "Vendor", "GB", 2)
    assert [product.sku for product in result.products_added] == ["NEW"]
    assert "Without a price in EUR: NEW." in result.warnings[-1]


def test_a_dry_run_tells_which_products_it_would_add(story: Story) -> None:
    result = deliver(story, usage_file(("Acme", "NEW", "1")), add_products=True, dry_run=True)
    assert str(result.products_added[0]) == "NEW: NEW (seat, 0 decimals, no price)"
    assert db.session.scalar(select(Product.id).filter_by(sku="NEW")) is None


def test_only_admins_add_products_by_a_file(story: Story) -> None:
    by = acting(story.reviewer, story.account)
    with pytest.raises(Forbidden):
        deliver(story, usage_file(("Acme", "NEW", "1")), acting=by, add_products=True)
    assert deliver(story, usage_file(("Acme", "E3", "1")), acting=by, add_products=True).rows == 1


def test_the_msp_never_delivers_provisioned_units(story: Story) -> None:
    for by in (acting(story.preparer, story.account), operator(Side.MSP)):
        with pytest.raises(NotPermitted):
            deliver(story, usage_file(("Acme", "E3", "1")), acting=by)


def test_connects_three_part_id_means_the_product_of_its_first_two_parts(story: Story) -> None:
    product(story.distributor, "CFQ7TTC0LFLX:0021")
    rows = [
        ("Acme", f"CFQ7TTC0LFLX:0021:{tail}", units) for tail, units in (("CFQ7TTC12ZPW", "3"), ("CFQ7TTC12ZPX", "4"))
    ]
    deliver(story, usage_file(*rows))
    assert db.session.scalars(select(UsageRow.provisioned_units)).all() == [Decimal(7)]


def test_a_catalogue_that_has_the_three_part_id_keeps_it(story: Story) -> None:
    product(story.distributor, "CFQ7TTC0LFLX:0021")
    exact = product(story.distributor, "CFQ7TTC0LFLX:0021:CFQ7TTC12ZPW")
    deliver(story, usage_file(("Acme", exact.sku, "3")))
    assert db.session.scalars(select(UsageRow.product_id)).all() == [exact.id]


def test_connects_file_comes_in_with_its_products(story: Story) -> None:
    result = deliver(
        story, sample("connect-usage-file.xlsx", "2026-05"), cycle=Cycle.parse("2026-05"), add_products=True
    )
    skus = {product.sku for product in result.products_added}
    assert (result.rows, "CFQ7TTC0LFLX:0021" in skus) == (result.added, True)
    assert db.session.scalar(select(func.count()).select_from(Price)) == 2


def test_a_file_without_rows_says_that_nothing_was_provisioned(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "10")))
    result = deliver(story, usage_file())
    assert (counts(result), "no rows" in result.warnings[-1]) == ((0, 0, 1, 0), True)


@pytest.mark.parametrize(
    ("cycle", "words"), [("2026-09", "kept as history"), ("2027-01", "has not begun"), ("2027-03", "reports until")]
)
def test_a_cycle_nobody_reports_yet_is_remarked_upon(story: Story, cycle: str, words: str) -> None:
    story.account.reports_until = Cycle.parse("2027-02").first_day
    db.session.flush()
    result = deliver(story, usage_file(("Acme", "E3", "10")), cycle=Cycle.parse(cycle))
    assert any(words in warning for warning in result.warnings)


def test_a_cycle_years_ahead_is_refused(story: Story) -> None:
    with pytest.raises(InputRefused, match="Check the year"):
        deliver(story, usage_file(("Acme", "E3", "10")), cycle=Cycle.parse("2062-10"))


def test_the_answer_has_the_shape_of_the_api(story: Story) -> None:
    expected: dict[str, Any] = {
        "rows": 1,
        "added": 1,
        "changed": 0,
        "removed": 0,
        "unchanged": 0,
        "report": None,
        "refused": [],
    }
    answer = deliver(story, usage_file(("Acme", "E3", "10"))).as_dict()
    assert {name: answer[name] for name in expected} == expected
