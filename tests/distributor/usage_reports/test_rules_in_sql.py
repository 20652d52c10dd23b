"""The rules stand twice, in `workflows/` and as generated columns; here both judge the same lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from distributor.database import db
from distributor.usage_reports.operations.automatic import line_state
from distributor.usage_reports.queries import ReportRow
from tests.factories import Story
from workflows import money, units

UNITS = st.none() | st.decimals(0, 500, places=2)
LIMITS = st.none() | st.decimals(-300, 300, places=2).filter(bool)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    """Any line the table takes."""
    source = draw(st.sampled_from(["feed", "manual"]))
    penalised, estimated = draw(st.booleans()), draw(st.booleans())
    declared = draw(UNITS) if estimated else draw(UNITS.filter(lambda u: u is not None)) if penalised else None
    comment = draw(st.none() | st.just("A reason"))
    return {
        "usage_source": source,
        "provisioned_units": draw(UNITS) if source == "feed" else None,
        "chargeable_units": draw(UNITS.filter(lambda u: u is not None)) if penalised else draw(UNITS),
        "declared_units": declared,
        "penalised": penalised,
        "estimated": estimated,
        "comment": comment,
        "carried_limit": draw(LIMITS) if comment else None,
        "reviewer_note": draw(st.none() | st.just("A note")),
        "note_answered": draw(st.booleans()),
        "waived_reason": draw(st.none() | st.just("Waived")),
        "tolerance_units": draw(st.decimals(0, 20, places=1)),
        "tolerance_percent": draw(st.decimals(0, 30, places=1)),
        "unit_price": draw(st.none() | st.decimals(0, 100, places=4)),
        "minor_unit": draw(st.sampled_from([0, 2, 3])),
    }


@pytest.fixture
def report(app: Flask) -> ReportRow:
    story = Story()
    made = story.open(("1", None))
    # Lines of every kind, as no step would add them: only their computed columns are looked at here.
    db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    db.session.execute(text("SET LOCAL ROLE distributor_owner"))
    db.session.execute(text("ALTER TABLE usage_report_lines DISABLE TRIGGER USER"))
    return made


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=lines())
def test_the_database_judges_a_line_as_the_rules_do(report: ReportRow, line: dict[str, Any]) -> None:
    with db.session.begin_nested() as attempt:
        row = db.session.execute(text(insert_of(line)), {**line, "report": report.id}).one()
        attempt.rollback()
    state = line_state(row)
    assert row.discrepancy == units.has_discrepancy(state)
    assert row.unexplained == units.is_unexplained(state)
    assert row.difference == units.difference(state.provisioned_units, state.chargeable_units)
    assert row.amount == (money.amount_of(state) or 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=lines())
def test_a_penalised_line_is_at_risk_by_its_penalty(report: ReportRow, line: dict[str, Any]) -> None:
    before = {**line, "penalised": False, "estimated": False, "declared_units": None}
    charged = units.charge_automatically(state_of(before), Decimal(7), Decimal(5), False)
    after = {
        **before,
        **{name: getattr(charged, name) for name in ("chargeable_units", "declared_units", "penalised", "estimated")},
    }
    with db.session.begin_nested() as attempt:
        row = db.session.execute(text(insert_of(after)), {**after, "report": report.id}).one()
        attempt.rollback()
    assert row.at_risk == money.at_risk(line_state(row))


def state_of(line: dict[str, Any]) -> units.LineState:
    return units.LineState(**{**line, "unit_price": line["unit_price"], "precision": 2})


def insert_of(line: dict[str, Any]) -> str:
    columns = ", ".join(line)
    values = ", ".join(f":{name}" for name in line)
    return f"""
INSERT INTO usage_report_lines (report_id, account_id, distributor_id, msp_id, product_id, sku, product_name, unit,
  "precision", customer_id, {columns})
SELECT report_id, account_id, distributor_id, msp_id, product_id, sku, product_name, unit,
  2, NULL, {values}
FROM usage_report_lines WHERE report_id = :report LIMIT 1
RETURNING *"""
