"""What a report asks of its MSP, in words: the cards above the list, and the next step in each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext

from distributor.formatting import NO_BREAK_SPACE, currency_symbol, cycle_name, instant, money, short_day, short_instant
from distributor.usage_reports.index_page import Entry
from workflows.usage_report import Status, Step


@dataclass(frozen=True, slots=True)
class Card:
    """What waits for the reader: what, by when and at what cost, and the words of its button."""

    title: str
    text: str
    action: str
    icon: str
    tone: str = ""


def card(entry: Entry, at: datetime) -> Card:
    """The card of an open report."""
    report = entry.report
    title = gettext("%(cycle)s, %(distributor)s", cycle=cycle_name(report.cycle), distributor=report.distributor_name)
    text = " ".join([*_what(entry), _deadline(entry, at)])
    icon, tone = _look(entry)
    return Card(title, text, _button(entry), icon, tone)


def _what(entry: Entry) -> Iterator[str]:
    """One sentence for each thing that is to do."""
    if entry.back:
        yield _came_back(entry)
    elif not (entry.comments or entry.figures):
        yield gettext("Ready to submit.")
    if entry.comments:
        yield ngettext("%(num)s comment missing.", "%(num)s comments missing.", entry.comments)
    if entry.figures:
        yield ngettext("%(num)s figure missing.", "%(num)s figures missing.", entry.figures)


def _came_back(entry: Entry) -> str:
    day = short_day(entry.back_at, entry.report.time_zone)
    if entry.back == Step.REOPEN:
        return gettext("Reopened on %(day)s.", day=day)
    if entry.notes:
        return ngettext(
            "Rejected on %(day)s with %(num)s open note.",
            "Rejected on %(day)s with %(num)s open notes.",
            entry.notes,
            day=day,
        )
    return gettext("Rejected on %(day)s.", day=day)


def _deadline(entry: Entry, at: datetime) -> str:
    report = entry.report
    if report.due_at <= at:
        return gettext("Submits itself any moment now.")
    when = instant(report.due_at, report.time_zone)
    if not entry.idle_cost:
        return gettext("Submits itself on %(when)s.", when=when)
    cost = f"{currency_symbol(report.currency)}{NO_BREAK_SPACE}{money(entry.idle_cost, report.minor_unit)}"
    return gettext("Submits itself on %(when)s, with %(cost)s on top.", when=when, cost=cost)


def _look(entry: Entry) -> tuple[str, str]:
    if entry.report.status == Status.REJECTED:
        return "arrow-back-up", "red"
    if entry.comments or entry.notes:
        return "message-exclamation", ""
    return ("pencil", "") if entry.figures else ("send", "calm")


def _button(entry: Entry) -> str:
    if entry.notes:
        return ngettext("Answer %(num)s note", "Answer %(num)s notes", entry.notes)
    if entry.comments:
        return ngettext("Add %(num)s comment", "Add %(num)s comments", entry.comments)
    if entry.figures:
        return ngettext("Fill in %(num)s figure", "Fill in %(num)s figures", entry.figures)
    return gettext("Check and submit")


def next_step(entry: Entry) -> tuple[str, str]:
    """What is to do next, and by when or since when; both empty where nothing is."""
    report = entry.report
    if entry.is_open:
        return _open_step(entry), gettext("by %(when)s", when=short_instant(report.due_at, report.time_zone))
    if report.status == Status.UNDER_REVIEW:
        return gettext("Waits for review"), _since(entry)
    if report.invoiced_at:
        return "", gettext("Invoiced %(day)s", day=short_day(report.invoiced_at, report.time_zone))
    return "", ""


def _open_step(entry: Entry) -> str:
    if entry.notes:
        return ngettext("%(num)s note to answer", "%(num)s notes to answer", entry.notes)
    if entry.comments:
        return ngettext("%(num)s comment missing", "%(num)s comments missing", entry.comments)
    if entry.figures:
        return ngettext("%(num)s figure missing", "%(num)s figures missing", entry.figures)
    return gettext("Ready to submit")


def _since(entry: Entry) -> str:
    if not entry.back:
        return ""
    day = short_day(entry.back_at, entry.report.time_zone)
    return gettext("Reopened %(day)s", day=day) if entry.back == Step.REOPEN else gettext("Rejected %(day)s", day=day)
