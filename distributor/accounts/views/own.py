"""The MSP's own terms, in plain words, and whom to ask at the distributor."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask import render_template

from distributor.accounts import lists, wording
from distributor.accounts.views.common import blueprint
from distributor.errors import NotFound
from distributor.identity.current import require_member, signed_in


@blueprint.get("/terms")
@signed_in
def terms() -> str:
    """What the member's reports follow."""
    member = require_member()
    accounts = lists.own_accounts(member)
    if member.is_distributor and not accounts:
        raise NotFound
    people: dict[int, list[Any]] = defaultdict(list)
    upstream = sorted({account.distributor_id for account in accounts})
    for person in lists.people(upstream, lists.DISTRIBUTOR_ROLES) if upstream else []:
        people[person.organization_id].append(person)
    return render_template("accounts/terms.html", accounts=accounts, people=people, in_words=wording.in_words)
