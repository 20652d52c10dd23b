"""Turning a row of the outbox into a mail, in the recipient's language. All words stand in `templates/email/`.

Each event has a folder: `words.txt` holds the sentences once, `body.txt` and `body.html` lay them out, `subject.txt` is
the subject. A name that a template uses and nobody gives is an error, never a blank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Flask, current_app
from flask_babel import force_locale, get_locale, get_translations, gettext
from jinja2 import Environment, StrictUndefined, select_autoescape

from distributor.brands.queries import Look
from distributor.config import Settings
from distributor.delegation.names import named
from distributor.delivery.events import ADDRESS_NEW, AUDIT_HEADS, INVITED, PAGES, PASSWORD_LINK
from distributor.delivery.facts import ReportFacts, report_facts
from distributor.delivery.reader import Reader, look_for, reader_of, received_as
from distributor.delivery.styling import rules, screen_sheet, styles
from distributor.formatting import FILTERS, NO_BREAK_SPACE, currency_symbol, money
from distributor.identity.operations import LINK_LIVES
from distributor.languages import count_in_words
from distributor.usage_reports.notifications import AUDIENCES
from workflows.usage_report import Role, Side

INVITATION = PASSWORD_LINK
# A sample that an admin sends to themselves: its words are written when it is queued.
TEST = "test"
# Stands in the link of every copy that is kept or shown: the way to a password belongs to its mail alone.
WITHHELD = "…"
FALLBACK_LOCALE = "en"
PAGE = {Side.MSP: "reports", Side.DISTRIBUTOR: "review"}
LOGO = "logo@distributor"
# Before a badge's word; the selector after a sign asks for the plain letter, not the coloured picture.
SIGNS = {"blue": "✎", "violet": "→", "green": "✓", "red": "↩\ufe0e", "amber": "⚠\ufe0e", "grey": "·"}


@dataclass(frozen=True, slots=True)
class Mail:
    """What a person reads; both parts say the same."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a mail is written from. `facts` is None where it is about no report; `token` completes the link of such a
    mail; `logo` is where the HTML part finds the picture.
    """

    event: str
    side: Side
    reader: Reader
    look: Look
    details: dict[str, Any]
    facts: ReportFacts | None
    at: datetime
    token: str = WITHHELD
    logo: str = f"cid:{LOGO}"


def rendered(notification: Any, token: str = WITHHELD, at: datetime | None = None) -> Mail:
    """The mail of a notification (any row with its columns), from what is true in the database now.

    `token` completes the link of a mail about a person; `at` is now, where the row's own time will not do.
    """
    side, details = Side(notification.side), notification.details
    about = notification.report_id
    facts = report_facts(about, notification.event, side, details.get("version")) if about is not None else None
    reader, look = reader_of(notification), look_for(notification) or Look(_settings().brand_name)
    at = at or notification.created_at
    return written(Occasion(notification.event, side, reader, look, details, facts, at, token), reader.locale)


def written(occasion: Occasion, locale: str) -> Mail:
    """The mail of an occasion in a language."""
    with force_locale(known_locale(locale)):
        return _mail(_environment(current_app), occasion, _context(occasion))


def known_locale(identifier: str) -> str:
    """The locale when Babel knows it, else English: a mail must never wait for a spelling."""
    try:
        return str(Locale.parse(identifier.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return FALLBACK_LOCALE


def _context(occasion: Occasion) -> dict[str, Any]:
    settings, facts = _settings(), occasion.facts
    common = {
        "locale": str(get_locale()).replace("_", "-"),
        "brand_name": settings.brand_name,
        "look": occasion.look,
        "logo_source": occasion.logo,
        "signs": SIGNS,
        "recipient_name": occasion.reader.name,
        "organization": occasion.reader.organization,
        "side": occasion.side,
        "details": occasion.details,
        "received_as": _received_as(occasion),
        "facts": facts,
    }
    if facts is None:
        link = f"{settings.public_url}/{PAGES[occasion.event].replace('%s', occasion.token)}"
        plain = {"valid_days": LINK_LIVES.days, "moment": _moment(occasion), "questions": "", "settings_link": ""}
        return {**common, **plain, "link": link}
    return {
        **common,
        **_of_report(facts),
        "link": f"{settings.public_url}/{PAGE[occasion.side]}/{facts.report.uid}",
        "settings_link": f"{settings.public_url}/profile#notifications",
        "questions": _questions(occasion, facts),
        "left": facts.due_at - occasion.at,
    }


def _moment(occasion: Occasion) -> datetime:
    """When it happened, however late the mail goes out."""
    told = occasion.details.get("at")
    return datetime.fromisoformat(told) if told else occasion.at


def _received_as(occasion: Occasion) -> str:
    if occasion.facts is not None or occasion.event == PASSWORD_LINK:
        return received_as(occasion.reader, _asked(occasion), occasion.details.get("for", ""))
    if occasion.event == INVITED:
        company = occasion.reader.organization
        return gettext("You receive this because %(organization)s invited this address.", organization=company)
    if occasion.event == ADDRESS_NEW:
        return gettext("You receive this because somebody wants to sign in with this address.")
    if occasion.event == AUDIT_HEADS:
        company = occasion.reader.organization
        return gettext("You receive this once a day as an admin of %(organization)s.", organization=company)
    return gettext("You receive this because it is about your own access. Such e-mails cannot be switched off.")


def _asked(occasion: Occasion) -> tuple[Role, ...]:
    """The roles that the occasion's mail goes to on this side."""
    told = AUDIENCES.get(occasion.event, ())
    return next((audience.roles for audience in told if audience.side is occasion.side), ())


def _questions(occasion: Occasion, facts: ReportFacts) -> str:
    if occasion.side is not Side.MSP:
        return ""
    name = facts.report.distributor_name
    if occasion.look.reply_to:
        return gettext(
            "Questions? Reply to this e-mail and the reviewers at %(distributor)s read it.", distributor=name
        )
    return gettext("Questions? Ask the reviewers at %(distributor)s.", distributor=name)


def _of_report(facts: ReportFacts) -> dict[str, Any]:
    report, action = facts.report, facts.action
    return {
        "report": report,
        "account": report.account_number,
        "cycle": FILTERS["cycle_name"](report.cycle),
        "zone": report.time_zone,
        "actor": named(action) if action else "",
        "at": action.at if action else None,
        "reason": (action.reason or "") if action else "",
        "happened": action.details if action else {},
        "cash": _cash(report.currency, report.minor_unit),
    }


def _cash(currency: str, minor_unit: int) -> Callable[[Decimal | str], str]:
    def cash(value: Decimal | str) -> str:
        return f"{currency_symbol(currency)}{NO_BREAK_SPACE}{money(Decimal(value), minor_unit)}"

    return cash


def _mail(environment: Environment, occasion: Occasion, context: dict[str, Any]) -> Mail:
    folder, colour = f"email/{occasion.event}", occasion.look.colour
    words = environment.get_template(f"{folder}/words.txt").make_module(context)
    given = {**context, "words": words, "deadline": _deadline(environment, context)}
    subject = environment.get_template(f"{folder}/subject.txt").render(given)
    text = environment.get_template(f"{folder}/body.txt").render(given)
    looks = {"on": styles(_rules(environment), colour), "sheet": screen_sheet(_source(environment, "dark"), colour)}
    html = environment.get_template(f"{folder}/body.html").render({**given, **looks, "subject": subject.strip()})
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
        count_in_words(kept)
        kept.filters.update(FILTERS)
        kept.globals["style_rules"] = rules(_source(kept, "styles"))
        app.extensions["distributor.mail"] = kept
    return kept


def _rules(environment: Environment) -> dict[str, str]:
    kept: dict[str, str] = environment.globals["style_rules"]  # type: ignore[assignment]  # put there above
    return kept


def _source(environment: Environment, name: str) -> str:
    return environment.get_template(f"email/{name}.css").render()


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _gettext(text: str) -> str:
    return str(get_translations().ugettext(text))


def _ngettext(singular: str, plural: str, number: int) -> str:
    return str(get_translations().ungettext(singular, plural, number))
