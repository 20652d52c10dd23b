"""Writing to the audit trail. The database numbers and chains the entries when the transaction commits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from distributor.database import db
from distributor.identity.acting import Acting, CurrentMember, names_both
from workflows.usage_report import Role

# Chain, account keys, number and hashes are the database's to fill in. Nothing is returned: whoever may write an entry,
# such as a sign-in that failed, may not always read it.
WRITE = text("""
INSERT INTO audit_waiting (account_id, distributor_id, msp_id, organization_id, at, what, subject, details, via,
  actor_name, actor_user, actor_organization, actor_session, actor_token)
SELECT given.account_id, accounts.distributor_id, accounts.msp_id, given.organization_id, :at, given.what,
  given.subject, given.details, :via, :name,
  (SELECT uid FROM users WHERE id = CAST(:user_id AS bigint)),
  (SELECT uid FROM organizations WHERE id = CASE
     WHEN CAST(:acting_for AS bigint) IS NOT NULL THEN CAST(:acting_for AS bigint)
     WHEN CAST(:side AS text) = 'msp' THEN accounts.msp_id
     WHEN CAST(:side AS text) = 'distributor' THEN coalesce(accounts.distributor_id, given.organization_id) END),
  (SELECT uid FROM web_sessions WHERE id = CAST(:session_id AS bigint)),
  (SELECT uid FROM api_tokens WHERE id = CAST(:token_id AS bigint))
FROM ROWS FROM (jsonb_to_recordset(CAST(:facts AS jsonb))
  AS (account_id bigint, organization_id bigint, what text, subject text, details jsonb)) WITH ORDINALITY
  AS given (account_id, organization_id, what, subject, details, place)
LEFT JOIN accounts ON accounts.id = given.account_id
ORDER BY given.place
""")
LONGEST_SUBJECT = 300
# What an organization's admins change, and their substitutes with them; all else is done in one's own name.
BY_ADMINS = ("account.", "terms.", "reporting.", "product.", "price.", "policy.", "brand.")


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened: `what` is a dotted past fact, such as "token.revoked", `subject` a short label for people.

    Either the account or the organization names the chain it goes to. `details` are JSON; never a secret among them.
    """

    what: str
    account_id: int | None = None
    organization_id: int | None = None
    subject: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def record(
    what: str,
    *,
    by: Acting | CurrentMember | None,
    at: datetime,
    organization_id: int | None = None,
    account_id: int | None = None,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one fact into the chain of an account or of an organization; `by` is None where nobody is known yet.

    It is part of the caller's transaction: what is rolled back was never recorded. Values in `details` that JSON does
    not know are written as text; no secret belongs there. Raises ValueError unless exactly one chain is named.
    """
    record_all([Fact(what, account_id, organization_id, subject, details or {})], by=by, at=at)


def record_all(facts: Iterable[Fact], *, by: Acting | CurrentMember | None, at: datetime) -> None:
    """Write many facts of one person and one instant by one statement. Raises ValueError as `record` does."""
    rows = [_row(fact, _more(by, fact)) for fact in facts]
    if rows:
        db.session.execute(WRITE, {"facts": json.dumps(rows, default=str), "at": at, **_actor(by)})


def _more(by: Acting | CurrentMember | None, fact: Fact) -> dict[str, str]:
    """What stands beside the name of whoever acted: a colleague whose role as an admin it took (decision 0026)."""
    more = dict(by.details) if isinstance(by, Acting) else {}
    if by is None or not by.acts_for or not fact.what.startswith(BY_ADMINS):
        return more
    own = by.actor.own if isinstance(by, Acting) else by.own
    lender = next((one for one in by.acts_for if Role.ADMIN in one.roles), None)
    if lender is None or Role.ADMIN in (own or ()):
        return more
    return more | names_both(by.acts_for, lender.user_id)


def _row(fact: Fact, more: Mapping[str, Any]) -> dict[str, Any]:
    if (fact.account_id is None) == (fact.organization_id is None):
        raise ValueError("A fact belongs to the chain of either an account or an organization.")
    return {
        "account_id": fact.account_id,
        "organization_id": fact.organization_id,
        "what": fact.what,
        "subject": _storable(fact.subject)[:LONGEST_SUBJECT],
        "details": _plain({**fact.details, **more}),
    }


def _actor(by: Acting | CurrentMember | None) -> dict[str, Any]:
    nobody = dict.fromkeys(("user_id", "acting_for", "side", "session_id", "token_id", "via"))
    if by is None:
        return {**nobody, "name": ""}
    sent = {"session_id": by.web_session_id, "token_id": by.api_token_id, "name": by.name}
    if isinstance(by, Acting):
        return {**nobody, **sent, "user_id": by.actor.person, "side": str(by.actor.side), "via": by.via}
    via = "web" if by.scopes is None else "api"
    return {**nobody, **sent, "user_id": by.user_id, "acting_for": by.organization_id, "via": via}


def _plain(value: Any) -> Any:
    """`value` with what PostgreSQL cannot store in JSON taken out, at any depth."""
    if isinstance(value, Mapping):
        return {_storable(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return _storable(value) if isinstance(value, str) else value


def _storable(text: str) -> str:
    """Text without NUL and halves of characters: somebody who types them is to be recorded, not to stop the record."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
