"""What the report page says once a report is handed in: who acts next, and until when the MSP still can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext

from distributor.delegation.names import named
from distributor.formatting import currency_symbol, day, instant, money
from distributor.usage_reports import queries
from distributor.usage_reports.queries import ReportRow
from workflows.usage_report import Status, Step, SubmissionKind

MOVES = (Step.SUBMIT, Step.AUTO_SUBMIT, Step.APPROVE, Step.AUTO_APPROVE, Step.INVOICE)


def what_next(report: ReportRow, actions: Sequence[Step], *, is_preparer: bool) -> dict[str, Any] | None:
    """{title, icon, sentences} for the panel beside the figures; None while the MSP prepares the report."""
    if report.status == Status.UNDER_REVIEW:
        recall = [_recall(report, actions)] if is_preparer else []
        sentences = [_who_decides(report), *_what_was_charged(report), *recall]
        return {"title": gettext("What happens next"), "icon": "eye", "sentences": sentences}
    if report.status == Status.APPROVED:
        title = gettext("Invoiced") if report.invoiced_at else gettext("What happens next")
        icon = "lock" if report.invoiced_at else "circle-check"
        return {"title": title, "icon": icon, "sentences": _after_approval(report, actions)}
    return None


def _who_decides(report: ReportRow) -> str:
    return gettext(
        "%(name)s checks this report and approves it or sends it back with notes. You hear of it by e-mail.",
        name=report.distributor_name,
    )


def _what_was_charged(report: ReportRow) -> list[str]:
    if report.submission_kind != SubmissionKind.AUTOMATIC_WITH_PENALTY:
        return []
    if not report.line_count:
        return [gettext("It was submitted automatically as a nil report: an estimate, which may require review.")]
    amount = f"{currency_symbol(report.currency)} {money(report.penalty, report.minor_unit)}"
    return [
        gettext("It was submitted automatically; %(amount)s was charged for lines nobody explained.", amount=amount)
    ]


def _recall(report: ReportRow, actions: Sequence[Step]) -> str:
    if Step.RECALL not in actions:
        return gettext("It can no longer be recalled; ask your distributor to send it back if something is wrong.")
    if report.corrections_allowed:
        return gettext("Until it is decided you can recall it and change it.")
    left = instant(report.due_at, report.time_zone)
    return gettext("Until %(when)s you can recall it and change it.", when=left)


def _after_approval(report: ReportRow, actions: Sequence[Step]) -> list[str]:
    if report.invoiced_at:
        return [
            gettext("Invoiced on %(day)s.", day=day(report.invoiced_at, report.time_zone)),
            gettext("Nothing changes this report any more."),
        ]
    amount = f"{currency_symbol(report.currency)} {money(report.amount, report.minor_unit)}"
    approved = gettext(
        "Approved on %(day)s. %(name)s invoices %(amount)s, net of VAT.",
        day=day(report.decided_at, report.time_zone), name=report.distributor_name, amount=amount,
    )  # fmt: skip
    if Step.REOPEN in actions:
        return [approved, gettext("Until it is invoiced you can reopen it with a reason, below.")]
    return [approved, gettext("Until it is invoiced your distributor can reopen it.")]


def who_moved_it_on(report: ReportRow) -> str:
    """Who took the report out of the hands of somebody who is still editing, as a sentence."""
    action = queries.last_action(report.id, MOVES)
    if action is None:
        return gettext("The report can no longer be edited.")
    given = {"name": named(action), "when": instant(action.at, report.time_zone)}
    return {
        Step.SUBMIT: gettext("%(name)s submitted this report on %(when)s.", **given),
        Step.AUTO_SUBMIT: gettext("This report submitted itself on %(when)s.", **given),
        Step.APPROVE: gettext("%(name)s approved this report on %(when)s.", **given),
        Step.AUTO_APPROVE: gettext("This report was approved automatically on %(when)s.", **given),
        Step.INVOICE: gettext("This report was marked as invoiced on %(when)s.", **given),
    }[Step(action.step)]
