"""What pages show of a roll-up: the plan before it is carried out, and how a report stands to those below it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babel.numbers import get_currency_symbol
from flask_babel import get_locale, gettext

from distributor import clock
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations import roll_up_marks
from distributor.usage_reports.operations.roll_up_findings import Source, sources_of
from distributor.usage_reports.operations.roll_up_marks import Below, Summary
from distributor.usage_reports.operations.roll_up_plans import Fate, Plan, Why
from distributor.usage_reports.queries import LineRow, ReportRow, state_of
from workflows.report_cycle import Cycle
from workflows.usage_report import Step, actions_for


@dataclass(frozen=True, slots=True)
class Came:
    """What came back from a refused form: why, whose reports below had moved, and the words that were typed."""

    error: str = ""
    moved: tuple[str, ...] = ()
    comment: str | None = None


def page_of(plan: Plan, member: CurrentMember, came: Came) -> dict[str, Any]:
    """The context of templates/usage_reports/roll_up.html."""
    report = plan.report
    actions = actions_for(state_of(report), member.actor_for(report), clock.now())
    return {
        "report": report,
        "cycle": Cycle.from_date(report.cycle),
        "plan": plan,
        "new": plan.of(Fate.NEW),
        "changed": plan.of(Fate.CHANGED),
        "same": plan.of(Fate.SAME),
        "left": plan.of(Fate.LEFT),
        "needing": sum(one.needs_comment for one in plan.carried),
        "stamps": [stamp_of(source) for source in plan.sources],
        "why": why_words(),
        "may": Step.SAVE in actions,
        "came": came,
        "symbol": get_currency_symbol(report.currency, locale=get_locale()),
        "default_comment": gettext("Counted by our partners: from their approved usage reports of this cycle."),
    }


def stamp_of(source: Source) -> str:
    """A report below as it was shown, for the form to tell later which of them moved."""
    return f"{source.account}:{source.version}:{source.status}"


def moved_since(plan: Plan, shown: Collection[str]) -> tuple[str, ...]:
    """Partners whose report is not as it was shown."""
    return tuple(dict.fromkeys(source.partner for source in plan.sources if stamp_of(source) not in shown))


def why_words() -> dict[Why, str]:
    """Why units stay below, as people read it."""
    return {
        Why.NO_PRODUCT: gettext("Your distributor’s catalogue has no product with this SKU."),
        Why.OTHER_UNIT: gettext("Your distributor counts this product in another unit."),
        Why.TOO_PRECISE: gettext("Your distributor counts this product with fewer decimals."),
        Why.TOO_MANY: gettext("These are more units than a line can hold."),
        Why.ACCEPTED: gettext("Your distributor accepted this line; it stays as it is."),
        Why.COUNTED_ABOVE: gettext(
            "Your distributor’s own feed counts this product, and has no line for this partner."
        ),
        Why.NOTHING: gettext("Nothing is charged below."),
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands to those below it, for the notice on its page: of `reports`, `approved` are so; `moved` have
    changed since they were rolled up.
    """

    reports: int = 0
    approved: int = 0
    moved: int = 0
    summary: Summary | None = None
    below: Mapping[int, Below] = field(default_factory=dict)

    @property
    def is_shown(self) -> bool:
        return bool(self.reports or self.summary)


def standing_of(report: ReportRow, member: CurrentMember, lines: Iterable[LineRow]) -> Standing:
    """What the MSP that owes the report sees beside its lines. Who has no partners has nothing below."""
    if not member.is_distributor:
        return Standing()
    summary = roll_up_marks.summary_of(lines)
    sources = sources_of(report)
    below = roll_up_marks.below(report, member.organization_id) if summary else {}
    return Standing(len(sources), _approved(sources), _moved(below), summary, below)


def _approved(sources: Sequence[Source]) -> int:
    return sum(source.is_carried for source in sources)


def _moved(below: Mapping[int, Below]) -> int:
    return len({one.uid for one in below.values() if not one.is_current})
