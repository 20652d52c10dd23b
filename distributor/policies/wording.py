"""The backtest in words that a person of finance reads."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flask_babel import gettext, ngettext

from distributor import formatting
from distributor.policies.backtest import Backtest, Left


def money(sums: Mapping[str, Decimal]) -> str:
    """Sums by currency as "€ 1,453,360.40, £ 213,779.74"."""
    return ", ".join(f"{formatting.currency_symbol(code)} {formatting.money(sums[code], code)}" for code in sums)


def verdict(found: Backtest) -> str:
    """The result in one or two sentences."""
    if not found.judged:
        return gettext("No report was submitted in these twelve cycles, so there is nothing to judge yet.")
    total = formatting.units(len(found.judged))
    if not found.approved:
        return gettext("This policy would have approved none of the %(total)s reports.", total=total)
    said = {"total": total, "money": money(found.money)}
    if not found.wrong:
        return ngettext(
            "This policy would have approved %(num)s of %(total)s reports (%(money)s) without anybody looking at it, "
            "and your reviewers did not reject it either.",
            "This policy would have approved %(num)s of %(total)s reports (%(money)s) without anybody looking at them, "
            "and your reviewers rejected none of these.",
            len(found.approved),
            **said,
        )
    return ngettext(
        "This policy would have approved %(approved)s of %(total)s reports (%(money)s) without anybody looking at "
        "them; %(num)s of these was in truth rejected by your reviewers.",
        "This policy would have approved %(approved)s of %(total)s reports (%(money)s) without anybody looking at "
        "them; %(num)s of these were in truth rejected by your reviewers.",
        len(found.wrong),
        approved=formatting.units(len(found.approved)),
        **said,
    )


def reasons() -> Mapping[Left, str]:
    """Why a report would have been left to a person."""
    return {
        Left.PENALTY: gettext("penalised or estimated lines"),
        Left.NO_LINES: gettext("no lines"),
        Left.MISSING: gettext("a figure or price was missing"),
        Left.DISCREPANCIES: gettext("discrepancies"),
        Left.COMMENTS: gettext("comments to read"),
        Left.FIRST: gettext("no earlier approved report"),
        Left.OVER_LIMIT: gettext("over the account's approval limit"),
        Left.CHANGED: gettext("total moved more"),
        Left.OTHER: gettext("another rule"),
    }
