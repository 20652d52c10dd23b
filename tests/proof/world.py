"""An account in the service and in the model side by side: what happens to it by itself, how a wish is put to both, and
that both stand in the same place afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from distributor.database import db
from distributor.identity.acting import Acting
from distributor.scheduler import jobs
from distributor.usage_reports.queries import ReportRow
from tests.proof.comparing import model_line
from tests.proof.model import Model
from tests.proof.stage import Cast, Stage, strike
from tests.proof.things import EDITABLE, FROM, Report, Terms, Usage, Wish
from tests.proof.wishes import FED, FIRST, HAND, START, agreements, deliveries
from workflows.errors import Refused

Act = Callable[[ReportRow, Acting], object]


class World(RuleBasedStateMachine):
    """One account, in the service and in the model, and what happens to it by itself."""

    app: ClassVar[Flask]
    cast: ClassVar[Cast]
    # What was tried, and what came of it: (step, refusal or None) → how often.
    came_to: ClassVar[Counter[tuple[str, str | None]]]
    # Of each life so far, the steps that were compared.
    steps_of_lives: ClassVar[list[int]]

    @initialize(given=agreements, first=deliveries)
    def found(self, given: dict[str, Any], first: dict[str, Usage]) -> None:
        """The account with its products, its first report just opened."""
        self.steps_of_lives.append(0)
        self.at: datetime = START
        prices = {sku: Decimal(price) for sku, price in (FED | HAND).items()}
        self.model = Model(_terms(given, prices), frozenset(HAND), FIRST, policy=_policy(given))
        self.stage = Stage(self.cast, given, prices, set(HAND))
        self._deliver(FIRST, first)
        self.the_scheduler_runs()

    def teardown(self) -> None:
        strike(self.app)

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
        self.is_compared = False

    @rule(ahead=st.integers(0, 1), given=deliveries)
    def usage_arrives(self, ahead: int, given: dict[str, Usage]) -> None:
        """For the cycle to come, or late for the last."""
        past = sorted(self.model.reports)
        cycle = self.model.next_cycle if ahead or not past else past[-1]
        self._deliver(cycle, given)

    def _deliver(self, cycle: date, given: dict[str, Usage]) -> None:
        report = self.model.reports.get(cycle)
        is_open = report is not None and report.status in EDITABLE
        self.stage.deliver(cycle, given, self.at, refresh=is_open)
        self.model.deliver(cycle, given)
        self.is_compared = False

    @rule(limit=st.sampled_from([None, None, None, 5, 20, 50]))
    def the_approval_limit_changes(self, limit: int | None) -> None:
        """Read live: it binds reports that are open already."""
        self.model.approval_limit = None if limit is None else Decimal(limit)
        self.stage.change(approval_limit=self.model.approval_limit)
        self.is_compared = False

    @rule(tolerance=st.sampled_from([0, 1, 3]), sku=st.sampled_from(sorted(FED)), cents=st.integers(1, 999))
    def terms_and_a_price_change(self, tolerance: int, sku: str, cents: int) -> None:
        """Copied at opening: they touch no open report."""
        self._go_on()
        price = Decimal(cents) / 100 + Decimal("0.005")
        self.stage.change(tolerance_units=Decimal(tolerance))
        self.stage.charge(sku, price, self.at)
        self.model.terms.tolerance_units = Decimal(tolerance)
        self.model.terms.prices[sku] = price
        self.is_compared = False

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

    def _try(self, wish: Wish, report: Report, expected: str | None, act: Act) -> None:
        """The service does it, or refuses for the reason that the model gives."""
        refused = None
        try:
            row = self.stage.row(report.cycle)
            act(row, self.stage.acting(wish.who, row))
            db.session.commit()
        except Refused as error:
            db.session.rollback()
            refused = type(error).__name__
        assert refused == expected
        self.came_to[wish.step, refused] += 1
        self.is_compared = False

    @invariant()
    def the_service_stands_where_the_model_does(self) -> None:
        self.steps_of_lives[-1] += 1
        if self.is_compared:  # nothing but time went by
            return
        found, reports = self.stage.look(), self.model.reports
        assert found.reports == {cycle: self._wanted(report) for cycle, report in reports.items()}
        for cycle, report in reports.items():
            assert found.lines[cycle] == {sku: model_line(line) for sku, line in report.lines.items()}
        assert found.broken == []
        self.is_compared = True

    def _wanted(self, report: Report) -> dict[str, Any]:
        endorser = self.cast.people[report.endorsed_by].user_id if report.endorsed_by else None
        return {
            "status": report.status, "version": report.version, "due_at": report.due_at, "kind": report.kind,
            "submitted_from": report.submitted_from, "endorsed_by": endorser, "invoiced": report.invoiced,
            "rejected_before": report.rejected_before, "amount": report.amount, "lines": len(report.lines),
            "unexplained": len([line for line in report.unexplained if not line.penalised]),
            "tolerance": report.terms.tolerance_units,
        }  # fmt: skip


def _terms(given: dict[str, Any], prices: dict[str, Decimal]) -> Terms:
    tolerance, percent, uplift = (
        Decimal(given[name]) for name in ("tolerance_units", "tolerance_percent", "uplift_percent")
    )
    return Terms(tolerance, percent, given["corrections_allowed"], uplift, prices)


def _policy(given: dict[str, Any]) -> Decimal | None:
    policy = given["auto_approve_max_change_percent"]
    return None if policy is None else Decimal(policy)
