"""A hypothesis state machine: the whole life of an account's reports, each step also taken by the model, compared after
every one of them, and the promises asked of the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import select

from distributor.catalogue.models import Price, Product
from distributor.database import db
from distributor.identity.acting import acting, system
from distributor.scheduler import jobs
from distributor.usage_reports.operations import steps, usage
from distributor.usage_reports.operations.drafts import LineDraft, NewLine, add_line, save_lines
from distributor.usage_reports.queries import LINE, REPORT, ReportRow
from tests.conftest import administration
from tests.factories import Story, customer, member, organization, product
from tests.factories import usage as snapshot
from tests.proof.comparing import BROKEN, empty, facts_of, line_facts, model_line
from tests.proof.model import Model
from tests.proof.things import EDITABLE, FROM, MAY, Report, Terms, Usage, Wish
from workflows.errors import Refused
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

START = datetime(2026, 10, 20, 9, tzinfo=UTC)
FIRST = date(2026, 10, 1)
FED = {"F-USED": "2.85", "F-CENTS": "0.335", "F-PLAIN": "1.005"}
HAND = {"HAND-1": "4.125", "HAND-2": "7"}
PEOPLE = ("preparer", "viewer", "reviewer", "second reviewer", "distributor admin", "stranger")

units = st.integers(0, 12).map(Decimal)
words = st.sampled_from([None, None, "a trial", "agreed"])
# What agrees is as frequent as what differs.
counted = st.builds(Usage, units, st.none()) | st.builds(Usage, units, units)
deliveries = st.dictionaries(st.sampled_from(sorted(FED)), counted, max_size=3)
agreements = st.fixed_dictionaries({
    "tolerance_units": st.sampled_from([0, 2]), "tolerance_percent": st.sampled_from([0, 20]),
    "corrections_allowed": st.booleans(), "uplift_percent": st.sampled_from([0, 10]),
    "auto_approve_max_change_percent": st.sampled_from([None, 50, 1000]),
})  # fmt: skip
typed = st.lists(st.tuples(units, words), min_size=1, max_size=5)
which = st.integers(0, 5)
seen = st.sampled_from(["now"] * 8 + ["stale", "unchecked"])
reasons = st.sampled_from(["Because"] * 5 + ["  "])


Drafts = dict[str, tuple[Decimal | None, str | None]]
Drafted = Sequence[tuple[Decimal | None, str | None]]


def possible(step: str) -> Callable[[Any], bool]:
    """Whether some report stands where the step starts."""
    return lambda life: any(report.status in FROM[step] for report in life.model.reports.values())


def people(step: str) -> st.SearchStrategy[str]:
    """Mostly who may, sometimes anybody."""
    right = sorted(MAY[step])
    return st.sampled_from(right * (18 // len(right)) + list(PEOPLE))


class Life(RuleBasedStateMachine):
    """One account, as many cycles as time allows."""

    app: ClassVar[Flask]
    # What was tried, and what came of it: (step, refusal or None) → how often.
    came_to: ClassVar[Counter[tuple[str, str | None]]]

    @initialize(given=agreements, first=deliveries)
    def found(self, given: dict[str, Any], first: dict[str, Usage]) -> None:
        """The account with its people and products, its first report just opened."""
        self.at = START
        prices = {sku: Decimal(price) for sku, price in (FED | HAND).items()}
        units_free, percent_free, uplift = (
            Decimal(given[name]) for name in ("tolerance_units", "tolerance_percent", "uplift_percent")
        )
        terms = Terms(units_free, percent_free, given["corrections_allowed"], uplift, prices)
        policy = given["auto_approve_max_change_percent"]
        self.model = Model(terms, frozenset(HAND), FIRST, policy=None if policy is None else Decimal(policy))
        self.story = Story(**given)
        self.people = {
            "preparer": self.story.preparer, "viewer": member(self.story.msp, Role.VIEWER),
            "reviewer": self.story.reviewer, "second reviewer": member(self.story.distributor, Role.REVIEWER),
            "distributor admin": self.story.admin, "stranger": member(organization(), *Role),
        }  # fmt: skip
        self.customer = customer(self.story.account)
        self.products = {sku: self._product(sku, price) for sku, price in prices.items()}
        self._deliver(FIRST, first)
        self.the_scheduler_runs()

    def _product(self, sku: str, price: Decimal) -> Product:
        source = "manual" if sku in HAND else None
        return product(self.story.distributor, sku, str(price), usage_source=source)

    def teardown(self) -> None:
        """Nothing of this life is left for the scheduler to find in the next."""
        db.session.rollback()
        db.session.expunge_all()
        with administration(self.app.config["SETTINGS"].database_url) as connection:
            empty(connection)

    # What happens by itself

    @rule(hours=st.sampled_from([1, 24, 72, 24 * 8, 24 * 11, 24 * 31]))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule()
    def the_scheduler_runs(self) -> None:
        jobs.open_reports(self.at)
        jobs.submit_due(self.at)
        jobs.approve_by_policy(self.at)
        self.model.tick(self.at)

    @rule(ahead=st.integers(0, 1), given=deliveries)
    def usage_arrives(self, ahead: int, given: dict[str, Usage]) -> None:
        """For the cycle to come, or late for the last."""
        past = sorted(self.model.reports)
        cycle = self.model.next_cycle if ahead or not past else past[-1]
        self._deliver(cycle, given)

    def _deliver(self, cycle: date, given: dict[str, Usage]) -> None:
        rows = [
            (self.customer, self.products[sku], str(each.provisioned), None if each.used is None else str(each.used))
            for sku, each in given.items()
        ]
        snapshot(self.story.account, rows, cycle=Cycle.from_date(cycle), at=self.at)
        report = self.model.reports.get(cycle)
        if report is not None and report.status in EDITABLE:
            usage.refresh(self._row(report), system(), self.at)
        db.session.commit()
        self.model.deliver(cycle, given)

    @rule(limit=st.sampled_from([None, None, None, 5, 20, 50]))
    def the_approval_limit_changes(self, limit: int | None) -> None:
        """Read live: it binds reports that are open already."""
        self.story.account.approval_limit = self.model.approval_limit = None if limit is None else Decimal(limit)
        db.session.commit()

    @rule(tolerance=st.sampled_from([0, 1, 3]), sku=st.sampled_from(sorted(FED)), cents=st.integers(1, 999))
    def terms_and_a_price_change(self, tolerance: int, sku: str, cents: int) -> None:
        """Copied at opening: they touch no open report."""
        self._go_on()
        price = Decimal(cents) / 100 + Decimal("0.005")
        self.story.account.tolerance_units = self.model.terms.tolerance_units = Decimal(tolerance)
        row = db.session.scalars(select(Price).filter_by(product_id=self.products[sku].id)).one()
        row.unit_price, row.updated_at = price, self.at
        db.session.commit()
        self.model.terms.prices[sku] = price

    # What people do

    @precondition(possible("save"))
    @rule(nth=which, line=which, who=people("save"), version=seen, given=typed)
    def save(self, nth: int, line: int, who: str, version: str, given: Drafted) -> None:
        report, wish = self._wish("save", nth, who, version)
        skus = sorted(report.lines)[line:]
        self._save(report, wish, dict(zip(skus, given, strict=False)))

    def _save(self, report: Report, wish: Wish, drafts: Drafts) -> None:
        uids = self._uids(report)
        given = [LineDraft(uids[sku], chargeable_units=each[0], comment=each[1]) for sku, each in drafts.items()]
        self._try(
            wish,
            report,
            self.model.save(report, wish, drafts),
            lambda row: save_lines(row, given, self._acting(wish.who, row), self.at, version=wish.version),
        )

    @precondition(possible("save"))
    @rule(nth=which)
    def explain(self, nth: int) -> None:
        """The preparer says what is missing, everywhere: what submitting waits for."""
        report, wish = self._wish("save", nth, "preparer", "now")
        open_lines = {
            sku: line for sku, line in report.lines.items() if line.chargeable is None or line in report.unexplained
        }
        drafts: Drafts = {
            sku: (line.chargeable or Decimal(3), f"{line.comment or ''}!") for sku, line in open_lines.items()
        }
        self._save(report, wish, drafts)

    @precondition(possible("save"))
    @rule(nth=which, who=people("save"), version=seen, sku=st.sampled_from(sorted(HAND)), given=units)
    def add_by_hand(self, nth: int, who: str, version: str, sku: str, given: Decimal) -> None:
        report, wish = self._wish("save", nth, who, version)
        new = NewLine(sku, given, self.customer.ref)
        self._try(
            wish,
            report,
            self.model.add(report, wish, sku, given),
            lambda row: add_line(row, new, self._acting(who, row), self.at, version=wish.version),
        )

    @precondition(possible("submit"))
    @rule(nth=which, who=people("submit"), version=seen, nil=st.booleans())
    def submit(self, nth: int, who: str, version: str, nil: bool) -> None:
        report, wish = self._wish("submit", nth, who, version, nil=nil)
        self._try(
            wish,
            report,
            self.model.submit(report, wish),
            lambda row: steps.submit(row, self._acting(who, row), self.at, version=wish.version, nil=nil),
        )

    @precondition(possible("recall"))
    @rule(nth=which, who=people("recall"), version=seen)
    def recall(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("recall", nth, who, version)
        self._try(
            wish,
            report,
            self.model.recall(report, wish),
            lambda row: steps.recall(row, self._acting(who, row), self.at, version=wish.version),
        )

    @precondition(possible("waive"))
    @rule(nth=which, line=which, who=people("waive"), version=seen, reason=reasons)
    def waive(self, nth: int, line: int, who: str, version: str, reason: str) -> None:
        report, wish = self._wish("waive", nth, who, version, reason=reason)
        if not report.lines:
            return
        penalised = sorted(sku for sku, one in report.lines.items() if one.penalised)
        sku = (penalised or sorted(report.lines))[line % len(penalised or report.lines)]
        uid = self._uids(report)[sku]
        self._try(
            wish,
            report,
            self.model.waive(report, wish, sku),
            lambda row: steps.waive(row, uid, self._acting(who, row), self.at, reason=reason, version=wish.version),
        )

    @precondition(possible("endorse"))
    @rule(nth=which, who=people("endorse"), version=seen)
    def endorse(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("endorse", nth, who, version)
        self._try(
            wish,
            report,
            self.model.endorse(report, wish),
            lambda row: steps.endorse(row, self._acting(who, row), self.at, version=wish.version),
        )

    @precondition(possible("approve"))
    @rule(nth=which, who=people("approve"), version=seen)
    def approve(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("approve", nth, who, version)
        self._try(
            wish,
            report,
            self.model.approve(report, wish),
            lambda row: steps.approve(row, self._acting(who, row), self.at, version=wish.version),
        )

    @precondition(possible("reject"))
    @rule(nth=which, who=people("reject"), version=seen, reason=reasons, noted=st.sets(which, max_size=2))
    def reject(self, nth: int, who: str, version: str, reason: str, noted: set[int]) -> None:
        report, wish = self._wish("reject", nth, who, version, reason=reason)
        skus, uids = sorted(report.lines), self._uids(report)
        notes = {skus[number]: "Why?" for number in noted if number < len(skus)}
        by_uid = {uids[sku]: note for sku, note in notes.items()}
        self._try(
            wish,
            report,
            self.model.reject(report, wish, notes),
            lambda row: steps.reject(
                row, self._acting(who, row), self.at, reason=reason, notes=by_uid, version=wish.version
            ),
        )

    @precondition(possible("invoice"))
    @rule(nth=which, who=people("invoice"), version=seen)
    def invoice(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("invoice", nth, who, version)
        self._try(
            wish,
            report,
            self.model.invoice(report, wish),
            lambda row: steps.invoice(row, self._acting(who, row), self.at, version=wish.version),
        )

    @precondition(possible("reopen"))
    @rule(nth=which, who=people("reopen"), version=seen, reason=reasons)
    def reopen(self, nth: int, who: str, version: str, reason: str) -> None:
        report, wish = self._wish("reopen", nth, who, version, reason=reason)
        self._try(
            wish,
            report,
            self.model.reopen(report, wish),
            lambda row: steps.reopen(row, self._acting(who, row), self.at, reason=reason, version=wish.version),
        )

    @precondition(possible("save"))
    @rule(nth=which)
    def all_goes_well(self, nth: int) -> None:
        """What most months are like."""
        self.explain(nth)
        self.submit(0, "preparer", "now", nil=True)
        self.endorse(0, "second reviewer", "now")
        self.approve(0, "reviewer", "now")

    @precondition(possible("save"))
    @rule(
        nth=which, given=st.lists(st.tuples(units, words), min_size=1), reply=st.sampled_from(["waive", "recall", ""])
    )
    def nobody_is_there_when_it_is_due(self, nth: int, given: Drafted, reply: str) -> None:
        """Something was typed, nothing handed in; afterwards one side or the other has second thoughts."""
        self.save(nth, 0, "preparer", "now", given)
        due = [report.due_at for report in self.model.reports.values() if report.status in EDITABLE]
        self.at = max(self.at, min(due))
        self.the_scheduler_runs()
        if reply == "waive":
            self.waive(nth, 0, "reviewer", "now", "Agreed")
        elif reply == "recall":
            self.recall(nth, "preparer", "now")

    # How a wish is put to both

    def _wish(self, step: str, nth: int, who: str, version: str, **more: Any) -> tuple[Report, Wish]:
        """Mostly about a report that stands where the step starts; `version` says what the asker saw."""
        self._go_on()
        newest_first = sorted(self.model.reports.values(), key=lambda report: report.cycle, reverse=True)
        fitting = [report for report in newest_first if report.status in FROM[step]] if nth < 5 else []
        report = (fitting or newest_first)[nth % len(fitting or newest_first)]
        number = {"now": report.version, "stale": report.version - 1, "unchecked": None}[version]
        return report, Wish(step, who, self.at, number, **more)

    def _go_on(self) -> None:
        """Of two things in the same instant nobody could say which came first."""
        self.at += timedelta(seconds=1)

    def _row(self, report: Report) -> ReportRow:
        return self.story.report(self.ids[report.cycle])

    def _acting(self, who: str, row: ReportRow) -> Any:
        return acting(self.people[who], row)

    def _uids(self, report: Report) -> dict[str, Any]:
        return self.uids[report.cycle]

    def _try(self, wish: Wish, report: Report, expected: str | None, act: Callable[[ReportRow], object]) -> None:
        """The service does it, or refuses for the reason that the model gives."""
        refused = None
        try:
            act(self._row(report))
            db.session.commit()
        except Refused as error:
            db.session.rollback()
            refused = type(error).__name__
        assert refused == expected
        self.came_to[wish.step, refused] += 1

    @invariant()
    def the_service_stands_where_the_model_does(self) -> None:
        reports = {row.cycle: row for row in db.session.execute(select(REPORT))}
        assert {cycle: facts_of(row) for cycle, row in reports.items()} == {
            cycle: self._wanted(report) for cycle, report in self.model.reports.items()
        }
        self.ids = {cycle: row.id for cycle, row in reports.items()}
        cycles = {row.id: cycle for cycle, row in reports.items()}
        lines: dict[date, dict[str, Any]] = {cycle: {} for cycle in reports}
        for row in db.session.execute(select(LINE)):
            lines[cycles[row.report_id]][row.sku] = row
        self.uids = {cycle: {sku: row.uid for sku, row in found.items()} for cycle, found in lines.items()}
        for cycle, report in self.model.reports.items():
            found = {sku: line_facts(row) for sku, row in lines[cycle].items()}
            assert found == {sku: model_line(line) for sku, line in report.lines.items()}
        assert list(db.session.scalars(BROKEN)) == []
        db.session.rollback()

    def _wanted(self, report: Report) -> dict[str, Any]:
        endorser = self.people[report.endorsed_by].user_id if report.endorsed_by else None
        return {
            "status": report.status, "version": report.version, "due_at": report.due_at, "kind": report.kind,
            "submitted_from": report.submitted_from, "endorsed_by": endorser, "invoiced": report.invoiced,
            "rejected_before": report.rejected_before, "amount": report.amount, "lines": len(report.lines),
            "unexplained": len([line for line in report.unexplained if not line.penalised]),
            "tolerance": report.terms.tolerance_units,
        }  # fmt: skip
