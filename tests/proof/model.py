"""A small model of what happens to an account's reports, written from docs/workflow.md and knowing none of the code.

It answers each wish with the name of the refusal, or None, and then changes itself. Times are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from tests.proof.things import (
    EDITABLE,
    FROM,
    MAY,
    NEEDS_REASON,
    Line,
    Report,
    Terms,
    Usage,
    Wish,
    count,
    due_after,
    estimate,
    following,
    opens_at,
    penalise,
    restore_all,
    write,
)  # fmt: skip


@dataclass
class Model:
    """One account with its reports, by cycle."""

    terms: Terms
    manual: frozenset[str]
    next_cycle: date
    approval_limit: Decimal | None = None
    policy: Decimal | None = None
    reports: dict[date, Report] = field(default_factory=dict)
    delivered: dict[date, dict[str, Usage]] = field(default_factory=dict)

    # What people want

    def refusal(self, report: Report, wish: Wish) -> str | None:
        """Who may, which version, which status, a reason: in this order."""
        if wish.who not in MAY[wish.step]:
            return "NotPermitted"
        if wish.version is not None and wish.version != report.version:
            return "StaleVersion"
        if report.status not in FROM[wish.step] or self._stands_in_the_way(report, wish):
            return "TransitionNotAllowed"
        if wish.step in NEEDS_REASON and not wish.reason.strip():
            return "ReasonRequired"
        return None

    def _stands_in_the_way(self, report: Report, wish: Wish) -> bool:
        corrected = report.terms.corrections_allowed
        if wish.step == "recall":
            in_time = report.kind == "manual" and wish.at < report.due_at
            return report.endorsed_by is not None or not (corrected or in_time)
        if wish.step == "endorse":
            return not self._is_over(report) or report.endorsed_by is not None
        if wish.step == "reopen" and wish.who == "preparer" and not corrected:
            return True
        return wish.step in {"invoice", "reopen"} and report.invoiced

    def _is_over(self, report: Report) -> bool:
        return self.approval_limit is not None and report.amount > self.approval_limit

    def save(self, report: Report, wish: Wish, drafts: dict[str, tuple[Decimal | None, str | None]]) -> str | None:
        """Units and words by product; all of it or nothing."""
        if why := self.refusal(report, wish):
            return why
        news = {
            sku: draft for sku, draft in drafts.items()
            if draft != (report.lines[sku].chargeable, report.lines[sku].comment)
        }  # fmt: skip
        if any(report.lines[sku].accepted for sku in news):
            return "InputRefused"
        for sku, (units, comment) in news.items():
            write(report.lines[sku], units, comment)
        if news:
            report.move()
        return None

    def add(self, report: Report, wish: Wish, sku: str, units: Decimal) -> str | None:
        """A product counted by hand."""
        if why := self.refusal(report, wish):
            return why
        if sku in report.lines:
            return "Conflict"
        price = report.terms.prices[sku]
        report.lines[sku] = Line(price, is_manual=True, chargeable=units, changed=True, added=True)
        report.move()
        return None

    def submit(self, report: Report, wish: Wish) -> str | None:
        if why := self.refusal(report, wish):
            return why
        if report.missing:
            return "FiguresMissing"
        if report.unexplained:
            return "CommentRequired"
        if not report.lines and not wish.nil:
            return "NilNotConfirmed"
        report.submitted_from, report.kind = report.status, "manual"
        report.move("under_review")
        return None

    def recall(self, report: Report, wish: Wish) -> str | None:
        if why := self.refusal(report, wish):
            return why
        if report.due_at <= wish.at:
            report.due_at = due_after(wish.at, report.terms.resubmit_days)
        restore_all(report.lines.values())
        report.move(report.submitted_from)
        report.submitted_from = report.kind = None
        return None

    def waive(self, report: Report, wish: Wish, sku: str) -> str | None:
        line = report.lines[sku]
        why = self.refusal(report, wish)
        if why in {"NotPermitted", "StaleVersion"}:
            return why
        if why == "TransitionNotAllowed" or not line.penalised or line.estimated:
            return "TransitionNotAllowed"
        if why:
            return why
        line.restore()
        line.waived = True
        report.move()
        return None

    def endorse(self, report: Report, wish: Wish) -> str | None:
        if why := self.refusal(report, wish):
            return why
        report.move(keep_endorsement=True)
        report.endorsed_by = wish.who
        return None

    def approve(self, report: Report, wish: Wish) -> str | None:
        if why := self.refusal(report, wish):
            return why
        if report.missing:
            return "FiguresMissing"
        if self._is_over(report) and report.endorsed_by in {None, wish.who}:
            return "EndorsementRequired"
        report.move("approved", keep_endorsement=True)
        return None

    def reject(self, report: Report, wish: Wish, notes: dict[str, str]) -> str | None:
        if why := self.refusal(report, wish):
            return why
        for sku, line in report.lines.items():
            settled = not (line.penalised or line.estimated or line.chargeable is None)
            line.restore()
            line.note, line.answered = notes.get(sku), False
            line.noted = (line.chargeable, line.comment) if sku in notes else (None, None)
            line.waived = line.waived and sku not in notes
            line.accepted = bool(notes) and sku not in notes and settled
        report.due_at = due_after(wish.at, report.terms.resubmit_days)
        report.rejected_before = True
        report.move("rejected")
        return None

    def invoice(self, report: Report, wish: Wish) -> str | None:
        if why := self.refusal(report, wish):
            return why
        report.invoiced = True
        report.move(keep_endorsement=True)
        return None

    def reopen(self, report: Report, wish: Wish) -> str | None:
        if why := self.refusal(report, wish):
            return why
        for line in report.lines.values():
            line.restore()
            line.note, line.answered, line.accepted, line.noted = None, False, False, (None, None)
        report.due_at = due_after(wish.at, report.terms.resubmit_days)
        report.submitted_from = report.kind = None
        report.move("msp_preparing")
        return None

    # What happens by itself

    def deliver(self, cycle: date, usage: dict[str, Usage]) -> None:
        """Usage of a cycle arrives; a report that can be edited follows it."""
        self.delivered[cycle] = usage
        report = self.reports.get(cycle)
        if report is not None and report.status in EDITABLE and self._follow(report, usage):
            report.move()

    def _follow(self, report: Report, usage: dict[str, Usage]) -> bool:
        before = {sku: replace(line) for sku, line in report.lines.items()}
        for sku, line in list(report.lines.items()):
            if line.is_manual or line.accepted:
                continue
            if sku in usage:
                count(line, usage[sku].provisioned, usage[sku].used)
            elif line.changed or line.added or line.note is not None or line.comment is not None:
                if line.provisioned != 0:
                    count(line, Decimal(0), None)
            else:
                del report.lines[sku]
        for sku in usage.keys() - report.lines.keys():
            report.lines[sku] = self._line(report.terms, sku, usage[sku])
        return report.lines != before

    def _line(self, terms: Terms, sku: str, usage: Usage | None) -> Line:
        line = Line(terms.prices[sku], sku in self.manual)
        if usage is not None:
            line.provisioned, line.used, line.chargeable = usage.provisioned, usage.used, usage.charged
        return line

    def tick(self, at: datetime) -> None:
        """The scheduler: opens what is missing, submits what is due, approves what is clean."""
        while opens_at(self.next_cycle) <= at:
            self._open(at)
        for report in self.reports.values():
            if report.status in EDITABLE and report.due_at <= at:
                self._submit_by_itself(report)
        while clean := [report for report in self.reports.values() if self._is_clean(report)]:
            for report in clean:
                report.move("approved", keep_endorsement=True)

    def _open(self, at: datetime) -> None:
        cycle, terms = self.next_cycle, self.terms.copy()
        usage = self.delivered.get(cycle)
        report = Report(cycle, terms, due_after(at, terms.window_days))
        earlier = [other for other in sorted(self.reports) if other < cycle]
        before = self.reports[earlier[-1]].lines if earlier else {}
        # What nobody counted yet stays on the list, unknown.
        wanted = {sku for sku, line in before.items() if line.is_manual or usage is None} | (usage or {}).keys()
        report.lines = {sku: self._line(terms, sku, (usage or {}).get(sku)) for sku in wanted}
        self.reports[cycle] = report
        self.next_cycle = following(cycle)

    def _submit_by_itself(self, report: Report) -> None:
        with_penalty = bool(report.unexplained) or report.missing or not report.lines
        for sku, line in report.lines.items():
            was_unexplained, last = line.is_unexplained(report.terms), self._last_units(report, sku)
            if line.chargeable is None:
                estimate(line, report, last)
            if was_unexplained:
                penalise(line, last)
        report.submitted_from = report.status
        report.kind = "automatic_with_penalty" if with_penalty else "automatic"
        report.move("under_review")

    def _approved_before(self, report: Report) -> list[Report]:
        """Approved reports of earlier cycles, the newest first."""
        found = [one for one in self.reports.values() if one.cycle < report.cycle and one.status == "approved"]
        return sorted(found, key=lambda one: one.cycle, reverse=True)

    def _last_units(self, report: Report, sku: str) -> Decimal | None:
        return next((one.lines[sku].chargeable for one in self._approved_before(report) if sku in one.lines), None)

    def _is_clean(self, report: Report) -> bool:
        last = next((one.amount for one in self._approved_before(report)), None)
        if report.status != "under_review" or self.policy is None or last is None:
            return False
        lines = report.lines.values()
        to_look_at = report.rejected_before or report.missing or report.kind == "automatic_with_penalty" or any(
            line.comment is not None or line.penalised or line.estimated or line.differs(report.terms)
            or line.is_unexplained(report.terms)
            for line in lines
        )  # fmt: skip
        moved = abs(report.amount - last) * 100 > self.policy * last
        return bool(lines) and not to_look_at and not moved and not self._is_over(report)
