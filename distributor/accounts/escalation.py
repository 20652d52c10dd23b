"""In words: who hears of a report that nobody opens, and when."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, ngettext

ESCALATION = ("escalate_to_admins_days", "escalate_to_distributor_days")


def days_before(value: int) -> str:
    return ngettext("%(num)s day before", "%(num)s days before", value)


def escalation_words(account: Any) -> tuple[str, str, str]:
    """Label, sentence and example for the terms of an account."""
    label, admins, distributor = gettext("When nobody opens it"), *(getattr(account, name) for name in ESCALATION)
    if not (admins or distributor):
        return label, gettext("The preparers are reminded, and nobody else."), ""
    text = gettext("The preparers are reminded. If nobody at the MSP opens the report all the same, others hear of it.")
    return label, text, " ".join(filter(None, (_admins(admins), _distributor(distributor))))


def _admins(days: int | None) -> str:
    if not days:
        return ""
    return ngettext(
        "The MSP's admins: %(num)s day before the automatic submission.",
        "The MSP's admins: %(num)s days before the automatic submission.",
        days,
    )


def _distributor(days: int | None) -> str:
    if not days:
        return ""
    return ngettext(
        "The distributor: %(num)s day before the automatic submission.",
        "The distributor: %(num)s days before the automatic submission.",
        days,
    )
