"""Sentences that are kept in the database, in English, and told again in the reader's language where they are shown.

A line's note of the system and the reason why a mail stays are facts of their moment and are kept as they were said.
What a sentence was made of is read back out of it; one that none of these templates made is shown as it stands.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from flask_babel import gettext

from distributor.formatting import units
from workflows.words import N_

ESTIMATED = N_("No figure was given: estimated at %(units)s.")
CHARGED = N_("Submitted automatically without an explanation: charged on %(units)s.")
BY_POLICY = N_("total within %(percent)s %% of the last approved report")

NO_MEMBER = N_("Not sent: %(recipient)s is no longer a member of %(organization)s.")
SUBMITTED_BEFORE = N_("Not sent: the report was submitted before this reminder could go out.")
DATE_PASSED = N_("Not sent: the date it reminds of has changed or passed.")
OPENED_SINCE = N_("Not sent: somebody has opened the report since.")
INVITATION_OVER = N_("Not sent: the invitation was accepted or revoked, or has expired.")
CHANGE_OVER = N_("Not sent: the change of address was made or stopped, or has expired.")
RESET_OVER = N_("Not sent: it was asked for more than an hour ago. The person can ask again.")
ADDRESS_LEFT = N_("Not sent: the person signs in with another address now. They can ask again from there.")
UNADDRESSED = N_("The mail could not be addressed: %(answer)s")
UNWRITTEN = N_("The mail could not be written: %(answer)s")
UNREACHABLE = N_("The mail server could not be used: %(answer)s")
RECIPIENT_REFUSED = N_("The recipient was refused: %(answer)s")
MESSAGE_REFUSED = N_("The message was refused: %(answer)s")
SERVER_REFUSED = N_("The mail server refused: %(answer)s")
BROKEN_OFF = N_("The connection to the mail server broke: %(answer)s")

TEMPLATES = (
    ESTIMATED, CHARGED, BY_POLICY, NO_MEMBER, SUBMITTED_BEFORE, DATE_PASSED, OPENED_SINCE, INVITATION_OVER, CHANGE_OVER,
    RESET_OVER, ADDRESS_LEFT, UNADDRESSED, UNWRITTEN, UNREACHABLE,
    RECIPIENT_REFUSED, MESSAGE_REFUSED, SERVER_REFUSED, BROKEN_OFF,
)  # fmt: skip

NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def retold(text: str | None) -> str:
    """A kept sentence in the reader's language, numbers as the reader writes them; "" for none."""
    for template, pattern in _patterns():
        if match := pattern.fullmatch(text or ""):
            return str(gettext(template, **{name: _value(value) for name, value in match.groupdict().items()}))
    return text or ""


def _value(text: str) -> str:
    return units(Decimal(text)) if NUMBER.fullmatch(text) else text


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, re.compile(_pattern(template), re.DOTALL)) for template in TEMPLATES)


def _pattern(template: str) -> str:
    parts = PLACEHOLDER.split(template.replace("%%", "%"))
    return "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
