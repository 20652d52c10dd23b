"""What the MSP's report page shows: the grid in parts, what doing nothing costs, and what came back refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_symbol
from flask import request, url_for
from flask_babel import get_locale, gettext

from distributor import clock
from distributor.errors import InputRefused, StaleLines
from distributor.formatting import units
from distributor.identity.acting import CurrentMember
from distributor.usage_reports import grid, lists, queries, roll_up_page
from distributor.usage_reports.grid_texts import texts
from distributor.usage_reports.operations.carrying import KEPT
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.operations.roll_up_marks import Below
from distributor.usage_reports.operations.usage import pending_usage
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.typed_numbers import decimal_sign
from distributor.usage_reports.usage_note import usage_note
from distributor.usage_reports.what_next import what_next
from workflows.errors import Refused
from workflows.report_cycle import Cycle
from workflows.usage_report import EDITABLE, LineRef, Role, Status, Step, actions_for

# Lines in the first answer, about two screens: with scripts the rest follows at once, without them there are pages.
FIRST_LINES = 100
# After the last key; a pause in which somebody thinks, not one between two words.
AUTOSAVE_MILLISECONDS = 3000

PREPARERS = frozenset({Role.PREPARER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Came:
    """What came back from a refused form: `lines` as {uid: {units, comment, error}}, the `offenders` that stand in the
    way of submitting and `why` (the refusal's type), and the fields of a new line.
    """

    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    offenders: tuple[LineRef, ...] = ()
    why: str = ""
    new_line: dict[str, Any] | None = None


NOTHING = Came()


def page_of(report: ReportRow, member: CurrentMember, came: Came = NOTHING) -> dict[str, Any]:
    """The context of templates/usage_reports/show.html."""
    at = clock.now()
    actions = actions_for(queries.state_of(report), member.actor_for(report), at)
    lines = lines_of(report)
    standing = roll_up_page.standing_of(report, member, [line.row for line in lines])
    know_below(lines, standing.below)
    editable = Step.SAVE in actions
    parts = parts_of(grid.groups(lines))
    page = min(max(1, request.args.get("page", 1, type=int)), len(parts))
    products, customers = lists.added_line_choices(report) if editable else ([], [])
    return {
        "report": report,
        "cycle": Cycle.from_date(report.cycle),
        "actions": [str(step) for step in actions],
        "groups": folded(parts[page - 1]),
        "counts": grid.counts(report, lines),
        "idle": grid.idle(report, lines),
        "share": grid.elapsed_share(report, at),
        "next": what_next(report, actions, is_preparer=bool(member.roles & PREPARERS)),
        "left": report.due_at - at,
        "last": queries.last_approved(report),
        "usage_note": usage_note(report),
        "pending": pending_usage(report) if editable else None,
        "standing": standing,
        "settings": {
            **settings_of(report, member, editable, Step.SUBMIT in actions, page == 1 < len(parts)),
            "group_by": grid.grouping(lines),
            "post_url": url_for("usage_reports.save", uid=report.uid, page=page if page > 1 else None),
            "refused": came.lines,
        },
        "pages": _pages(report, page, len(parts)),
        "products": products,
        "customers": customers,
        "reason": _last_reason(report),
        "offenders": came.offenders,
        "why": came.why,
        "new_line": came.new_line,
    }


def rest_of(report: ReportRow, member: CurrentMember) -> dict[str, Any]:
    """The context of templates/usage_reports/rest.html: the groups that follow the first answer's."""
    actions = actions_for(queries.state_of(report), member.actor_for(report), clock.now())
    lines = lines_of(report)
    know_below(lines, roll_up_page.standing_of(report, member, [line.row for line in lines]).below)
    first, *later = parts_of(grid.groups(lines))
    settings = settings_of(report, member, Step.SAVE in actions, False, False)
    following = folded([group for part in later for group in part])
    return {"settings": settings, "groups": following, "first": 1 + sum(group.line_count for group in first)}


def lines_of(report: ReportRow) -> list[grid.GridLine]:
    """The report's lines as the grid shows them."""
    rows = queries.lines(report.id)
    unknown = [row.id for row in rows if row.chargeable_units is None or row.provisioned_units is None]
    earlier = queries.earlier_units(unknown) if unknown else {}
    return grid.grid_lines(report, rows, queries.provisioned_changes(report), earlier)


def know_below(lines: Iterable[grid.GridLine], below: Mapping[int, Below]) -> None:
    """Tell lines which reports they were rolled up from."""
    for line in lines if below else ():
        line.below = below.get(line.row.id)


def parts_of(groups: list[grid.Group]) -> list[list[grid.Group]]:
    """Whole groups in parts of about FIRST_LINES: the first answer's and, without scripts, the pages after it."""
    pages: list[list[grid.Group]] = [[]]
    size = 0
    for group in groups:
        if pages[-1] and size + group.line_count > FIRST_LINES:
            pages.append([])
            size = 0
        pages[-1].append(group)
        size += group.line_count
    return pages


def folded(groups: list[grid.Group]) -> list[grid.Group]:
    """The same groups, ready to be shown."""
    for group in groups:
        grid.fold(group)
    return groups


def refused_lines(drafts: list[LineDraft], refused: Refused) -> dict[str, dict[str, Any]]:
    """What a refused form held, for its fields: by line the units and comment as typed, and why they were refused."""
    reasons: dict[str | None, str] = {}
    if isinstance(refused, InputRefused):
        reasons = {error.line: error.reason for error in refused.errors}
    if isinstance(refused, StaleLines):
        reasons = {line["id"]: _saved_meanwhile(line) for line in refused.lines}
    return {str(draft.uid): _typed(draft, reasons.get(str(draft.uid))) for draft in drafts}


def _typed(draft: LineDraft, error: str | None) -> dict[str, Any]:
    typed = {"units": draft.chargeable_units, "comment": draft.comment}
    return {**{name: "" if given in {KEPT, None} else given for name, given in typed.items()}, "error": error}


def _saved_meanwhile(line: dict[str, Any]) -> str:
    return gettext(
        "Somebody else saved %(units)s, “%(comment)s”. Save again to keep what stands here instead.",
        units=units(None if line["chargeable_units"] is None else Decimal(line["chargeable_units"])),
        comment=line["comment"] or gettext("no comment"),
    )


def _pages(report: ReportRow, page: int, last: int) -> dict[str, Any]:
    here = {"uid": report.uid}
    return {
        "previous": url_for("usage_reports.show", **here, page=page - 1) if page > 1 else "",
        "next": url_for("usage_reports.show", **here, page=page + 1) if page < last else "",
        "number": page,
    }


def settings_of(
    report: ReportRow, member: CurrentMember, editable: bool, may_submit: bool, has_rest: bool
) -> dict[str, Any]:
    """What templates/components/grid.html calls settings."""
    here = {"uid": report.uid}
    page = url_for("usage_reports.show", **here)
    return {
        "editable": editable,
        "save_url": url_for("usage_reports.save", **here),
        "submit_url": url_for("usage_reports.submit", **here) if may_submit else "",
        "rest_url": url_for("usage_reports.rest", **here) if has_rest else "",
        "token_url": url_for("usage_reports.form_token"),
        "sign_in_url": url_for("identity.sign_in", next=page),
        "lines_url": f"{page}/lines/",
        "journal": f"{member.member_uid}/{report.uid}",
        "autosave_ms": AUTOSAVE_MILLISECONDS,
        "texts": texts(),
        "version": report.version,
        "title": gettext("Lines of the report"),
        "currency_symbol": get_currency_symbol(report.currency, locale=get_locale()),
        "minor_unit": report.minor_unit,
        "decimal_sign": decimal_sign(),
        "tolerance_units": report.tolerance_units,
        "tolerance_percent": report.tolerance_percent,
    }


def _last_reason(report: ReportRow) -> Any:
    """The action that brought the report back to the MSP, with its reason."""
    if Status(report.status) not in EDITABLE or report.version == 1:
        return None
    return queries.last_action(report.id, (Step.REJECT, Step.REOPEN))
