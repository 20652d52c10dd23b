"""A hypothesis state machine: the whole life of an account's reports, each step also taken by the model, compared after
every one of them, and the promises asked of the database.
"""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from distributor.usage_reports.operations import steps
from distributor.usage_reports.operations.drafts import LineDraft, NewLine, add_line, save_lines
from tests.proof.things import EDITABLE, Report, Wish
from tests.proof.wishes import (
    HAND,
    Drafted,
    Drafts,
    people,
    possible,
    reasons,
    seen,
    typed,
    units,
    which,
    words,
)
from tests.proof.world import World


class Life(World):
    """One account, as many cycles as time allows."""

    @precondition(possible("save"))
    @rule(nth=which, line=which, who=people("save"), version=seen, given=typed)
    def save(self, nth: int, line: int, who: str, version: str, given: Drafted) -> None:
        report, wish = self._wish("save", nth, who, version)
        skus = sorted(report.lines)[line:]
        self._save(report, wish, dict(zip(skus, given, strict=False)))

    def _save(self, report: Report, wish: Wish, drafts: Drafts) -> None:
        uids = self.stage.seen.uids[report.cycle]
        given = [LineDraft(uids[sku], chargeable_units=each[0], comment=each[1]) for sku, each in drafts.items()]
        self._try(
            wish,
            report,
            self.model.save(report, wish, drafts),
            lambda row, by: save_lines(row, given, by, self.at, version=wish.version),
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
        new = NewLine(sku, given, self.stage.customer.ref)
        self._try(
            wish,
            report,
            self.model.add(report, wish, sku, given),
            lambda row, by: add_line(row, new, by, self.at, version=wish.version),
        )

    @precondition(possible("submit"))
    @rule(nth=which, who=people("submit"), version=seen, nil=st.booleans())
    def submit(self, nth: int, who: str, version: str, nil: bool) -> None:
        report, wish = self._wish("submit", nth, who, version, nil=nil)
        self._try(
            wish,
            report,
            self.model.submit(report, wish),
            lambda row, by: steps.submit(row, by, self.at, version=wish.version, nil=nil),
        )

    @precondition(possible("recall"))
    @rule(nth=which, who=people("recall"), version=seen)
    def recall(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("recall", nth, who, version)
        self._try(
            wish,
            report,
            self.model.recall(report, wish),
            lambda row, by: steps.recall(row, by, self.at, version=wish.version),
        )

    @precondition(possible("waive"))
    @rule(nth=which, line=which, who=people("waive"), version=seen, reason=reasons)
    def waive(self, nth: int, line: int, who: str, version: str, reason: str) -> None:
        report, wish = self._wish("waive", nth, who, version, reason=reason)
        if not report.lines:
            return
        penalised = sorted(sku for sku, one in report.lines.items() if one.penalised)
        sku = (penalised or sorted(report.lines))[line % len(penalised or report.lines)]
        uid = self.stage.seen.uids[report.cycle][sku]
        self._try(
            wish,
            report,
            self.model.waive(report, wish, sku),
            lambda row, by: steps.waive(row, uid, by, self.at, reason=reason, version=wish.version),
        )

    @precondition(possible("endorse"))
    @rule(nth=which, who=people("endorse"), version=seen)
    def endorse(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("endorse", nth, who, version)
        self._try(
            wish,
            report,
            self.model.endorse(report, wish),
            lambda row, by: steps.endorse(row, by, self.at, version=wish.version),
        )

    @precondition(possible("approve"))
    @rule(nth=which, who=people("approve"), version=seen)
    def approve(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("approve", nth, who, version)
        self._try(
            wish,
            report,
            self.model.approve(report, wish),
            lambda row, by: steps.approve(row, by, self.at, version=wish.version),
        )

    @precondition(possible("reject"))
    @rule(nth=which, who=people("reject"), version=seen, reason=reasons, noted=st.sets(which, max_size=2))
    def reject(self, nth: int, who: str, version: str, reason: str, noted: set[int]) -> None:
        report, wish = self._wish("reject", nth, who, version, reason=reason)
        skus, uids = sorted(report.lines), self.stage.seen.uids[report.cycle]
        notes = {skus[number]: "Why?" for number in noted if number < len(skus)}
        by_uid = {uids[sku]: note for sku, note in notes.items()}
        self._try(
            wish,
            report,
            self.model.reject(report, wish, notes),
            lambda row, by: steps.reject(row, by, self.at, reason=reason, notes=by_uid, version=wish.version),
        )

    @precondition(possible("invoice"))
    @rule(nth=which, who=people("invoice"), version=seen)
    def invoice(self, nth: int, who: str, version: str) -> None:
        report, wish = self._wish("invoice", nth, who, version)
        self._try(
            wish,
            report,
            self.model.invoice(report, wish),
            lambda row, by: steps.invoice(row, by, self.at, version=wish.version),
        )

    @precondition(possible("reopen"))
    @rule(nth=which, who=people("reopen"), version=seen, reason=reasons)
    def reopen(self, nth: int, who: str, version: str, reason: str) -> None:
        report, wish = self._wish("reopen", nth, who, version, reason=reason)
        self._try(
            wish,
            report,
            self.model.reopen(report, wish),
            lambda row, by: steps.reopen(row, by, self.at, reason=reason, version=wish.version),
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
        self.stage.look()  # it may have opened the next report, which is as good to be answered about as any other
        if reply == "waive":
            self.waive(nth, 0, "reviewer", "now", "Agreed")
        elif reply == "recall":
            self.recall(nth, "preparer", "now")
