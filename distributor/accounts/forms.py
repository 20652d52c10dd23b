"""The form of an account's terms: from what a browser sends to the fields that the operations judge, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distributor.accounts import terms
from distributor.accounts.queries import AccountRow, account_shape
from distributor.formatting import for_typing
from distributor.usage_reports.typed_numbers import plain_numbers

ESCALATION = ("escalate_to_admins_days", "escalate_to_distributor_days")
WHOLE = (
    "auto_submit_after_days", "resubmit_after_days", "opens_on_day", "opens_days_after_end", "closing_day", *ESCALATION,
)  # fmt: skip
OPTIONAL = ("closing_day", "reports_until", "approval_limit", *ESCALATION)
OPENINGS = {"day": "opens_on_day", "after_end": "opens_days_after_end"}
OF_ACCOUNT = ("number", "region", "type", "po_number")
CONTACTS = 3
CONTACT_FIELDS = ("name", "email", "role")


def fields_of(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, in the shape of `operations.create_account` without MSP and contacts. Raises InputRefused
    where a number can be read in two ways.
    """
    fields: dict[str, Any] = {name: form.get(name, "").strip() for name in OF_ACCOUNT}
    fields["po_number"] = fields["po_number"] or None
    numbers = plain_numbers({name: form.get(name, "").strip() for name in (*NUMBERS, "auto_approve") if name in form})
    texts = {name: form.get(name, "").strip() for name in terms.FIELDS if name in form} | numbers
    given = {name: _value(name, text) for name, text in texts.items()}
    opening = OPENINGS.get(form.get("opening", ""))
    for name in OPENINGS.values():
        if name != opening:
            given[name] = None
    given["corrections_allowed"] = form.get("corrections_allowed") == "yes"
    percent = numbers.get("auto_approve")
    given["auto_approve"] = {"max_change_percent": percent} if percent else None
    return {**fields, "terms": given}


def _value(name: str, text: str) -> Any:
    if name in OPTIONAL and not text:
        return None
    # What is no whole number stays as it was typed, and is refused by the rule itself.
    return int(text) if name in WHOLE and text.isascii() and text.isdigit() and len(text) < 6 else text


def contacts_of(form: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """The contacts typed by their row on the form; rows in which nothing stands are left out."""
    rows = {n: {key: form.get(f"contact_{key}_{n}", "").strip() for key in CONTACT_FIELDS} for n in range(CONTACTS)}
    return {n: row for n, row in rows.items() if row["name"] or row["email"]}


def typed_of(account: AccountRow) -> dict[str, str]:
    """The form as it stands before anybody typed: the account's present values."""
    shape = account_shape(account)
    shown: dict[str, Any] = {**{name: shape[name] for name in OF_ACCOUNT}, **shape["terms"]}
    shown |= {name: for_typing(getattr(account, name)) for name in NUMBERS}
    shown |= {
        "auto_approve": for_typing(account.auto_approve_max_change_percent),
        "corrections_allowed": "yes" if account.corrections_allowed else "",
        "opening": "day" if account.opens_on_day is not None else "after_end",
    }
    return {name: "" if value is None else str(value) for name, value in shown.items()}


def typed_defaults() -> dict[str, str]:
    """The form of a new account: the defaults that the rules would take."""
    numbers = {name: for_typing(value) for name, value in terms.DEFAULTS.items() if name in NUMBERS}
    kept = {name: value for name, value in terms.DEFAULTS.items() if name not in NUMBERS}
    shown = {**kept, **numbers, "opens_on_day": terms.OPENS_ON_DAY, "opening": "day", "corrections_allowed": "yes"}
    return {name: "" if value is None else str(value) for name, value in shown.items()}


NUMBERS = ("tolerance_units", "tolerance_percent", "approval_limit", "uplift_percent")
