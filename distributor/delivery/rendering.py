"""Turning a row of the outbox into a mail, in the recipient's language. All words stand in `templates/email/`.

Each event has a folder: `words.txt` holds the sentences once, `body.txt` and `body.html` lay them out, `subject.txt` is
the subject. A name that a template uses and nobody gives is an error, never a blank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Flask, current_app
from flask_babel import force_locale, get_locale, get_translations
from jinja2 import Environment, StrictUndefined, select_autoescape
from sqlalchemy import select

from distributor.config import Settings
from distributor.database import db
from distributor.delivery.facts import ReportFacts, report_facts
from distributor.formatting import FILTERS, NO_BREAK_SPACE, currency_symbol, money
from distributor.identity.models import Organization, User
from distributor.identity.operations import LINK_LIVES
from workflows.usage_report import Side

INVITATION = "password_link"
# Stands in the link of every copy that is kept or shown: the way to a password belongs to its mail alone.
WITHHELD = "…"
FALLBACK_LOCALE = "en"
PAGE = {Side.MSP: "reports", Side.DISTRIBUTOR: "review"}


@dataclass(frozen=True, slots=True)
class Mail:
    """What a person reads; both parts say the same."""

    subject: str
    text: str
    html: str


def rendered(notification: Any, token: str = WITHHELD) -> Mail:
    """The mail of a notification (any row with its columns), from what is true in the database now.

    `token` completes the link of a `password_link` mail.
    """
    user = db.session.execute(select(User.name, User.locale).where(User.id == notification.user_id)).one()
    with force_locale(known_locale(user.locale)):
        context = _context(notification, user.name, token)
        return _mail(_environment(current_app), notification.event, context)


def known_locale(identifier: str) -> str:
    """The locale when Babel knows it, else English: a mail must never wait for a spelling."""
    try:
        return str(Locale.parse(identifier.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return FALLBACK_LOCALE


def _context(notification: Any, name: str, token: str) -> dict[str, Any]:
    settings: Settings = current_app.config["SETTINGS"]
    common = {
        "locale": str(get_locale()).replace("_", "-"),
        "brand_name": settings.brand_name,
        "sender_name": settings.brand_name,
        "recipient_name": name,
        "side": notification.side,
        "details": notification.details,
        "notifications_link": f"{settings.public_url}/notifications",
    }
    if notification.event == INVITATION:
        return {**common, **_invitation(notification, f"{settings.public_url}/set-password/{token}")}
    side = Side(notification.side)
    facts = report_facts(notification.report_id, notification.event, side, notification.details.get("version"))
    link = f"{settings.public_url}/{PAGE[side]}/{facts.report.uid}"
    return {**common, **_of_report(facts), "link": link}


def _of_report(facts: ReportFacts) -> dict[str, Any]:
    report, action = facts.report, facts.action
    return {
        "facts": facts,
        "report": report,
        "account": report.account_number,
        "cycle": FILTERS["cycle_name"](report.cycle),
        "sender_name": report.distributor_name,
        "organization": report.msp_name if facts.side is Side.MSP else report.distributor_name,
        "zone": report.time_zone,
        "actor": action.actor_name if action else "",
        "at": action.at if action else None,
        "reason": (action.reason or "") if action else "",
        "happened": action.details if action else {},
        "cash": _cash(report.currency, report.minor_unit),
    }


def _cash(currency: str, minor_unit: int) -> Callable[[Decimal | str], str]:
    def cash(value: Decimal | str) -> str:
        return f"{currency_symbol(currency)}{NO_BREAK_SPACE}{money(Decimal(value), minor_unit)}"

    return cash


def _invitation(notification: Any, link: str) -> dict[str, Any]:
    identity = notification.details["organization_id"]
    organization = db.session.scalar(select(Organization.name).where(Organization.id == identity))
    days = LINK_LIVES.days
    return {"organization": organization, "facts": None, "link": link, "valid_days": days}


def _mail(environment: Environment, event: str, context: dict[str, Any]) -> Mail:
    words = environment.get_template(f"email/{event}/words.txt").make_module(context)
    given = {**context, "words": words, "deadline": _deadline(environment, context)}
    subject = environment.get_template(f"email/{event}/subject.txt").render(given)
    text = environment.get_template(f"email/{event}/body.txt").render(given)
    html = environment.get_template(f"email/{event}/body.html").render({**given, "subject": subject.strip()})
    return Mail(" ".join(subject.split()), _tidy(text), html)


def _deadline(environment: Environment, context: dict[str, Any]) -> Any:
    """By when, and what it costs to do nothing; None when nothing is asked of the reader."""
    facts: ReportFacts | None = context["facts"]
    if facts is None or not facts.asks_to_submit:
        return None
    return environment.get_template("email/deadline.txt").make_module(context)


def _tidy(text: str) -> str:
    """Paragraphs stand one empty line apart, whichever parts were left out."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip() + "\n"


def _environment(app: Flask) -> Environment:
    """The mails' own templates: strict about missing names, HTML escaped and text not."""
    kept = app.extensions.get("distributor.mail")
    if kept is None:
        kept = Environment(
            loader=app.jinja_loader,
            undefined=StrictUndefined,
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        kept.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension's
        kept.filters.update(FILTERS)
        app.extensions["distributor.mail"] = kept
    return kept


def _gettext(text: str) -> str:
    return str(get_translations().ugettext(text))


def _ngettext(singular: str, plural: str, number: int) -> str:
    return str(get_translations().ungettext(singular, plural, number))
