"""What each route takes in its address and body. A route that is not told about here fails the prober."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.routing import Rule

from tests.proof.market import Company

# What the `uid` of a route names, by the longest beginning of its endpoint.
NAMES = {
    "accounts.": "account", "Accounts.": "account", "Usage.": "account",
    "catalogue.": "product",
    "api_tokens.": "token",
    "delegation.": "member", "delegation.end": "substitute",
    "delivery.": "mail",
    "evidence_pack.": "preparing",
    "identity.remove_passkey": "passkey",
    "people.": "member", "people.resend": "invitation", "people.revoke": "invitation",
    "roll_ups.": "preparing",
    "single_sign_on.": "organization", "single_sign_on.release": "member",
    "evidence.": "preparing", "spreadsheets.": "preparing", "usage_reports.": "preparing",
    "identity.revoke_sign_in": "sign_in", "identity.revoke_token": "token",
    "review.": "review", "review.rename_view": "view", "review.delete_view": "view",
    "Reports.": "preparing", "Reports.approve": "review", "Reports.reject": "review", "Reports.endorse": "review",
    "Reports.waive": "review", "Reports.invoice": "approved", "Reports.recall": "review",
}  # fmt: skip
OTHER_ARGUMENTS = {"kind": "csv", "cycle": "2026-10", "sku": "ZQ-1", "token": "A" * 43, "version": "0", "filename": "x"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class UndeclaredError(AssertionError):
    """A route that the prober has not been told about."""


def rules(app: Flask, among: str) -> list[Rule]:
    """The router's rules whose address begins with `among`, in an order that is always the same."""
    found = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(among)]
    return sorted(found, key=lambda rule: (rule.rule, rule.endpoint))


def methods(rule: Rule) -> list[str]:
    return [method for method in METHODS if method in (rule.methods or ())]


def named_by(rule: Rule) -> str:
    """The name, in a company's ids, of what the route's uid stands for. Raises UndeclaredError."""
    known = [beginning for beginning in NAMES if rule.endpoint.startswith(beginning)]
    if not known:
        raise UndeclaredError(f"{rule.endpoint} ({rule.rule}): say in tests/proof/routes.py what its uid names.")
    return NAMES[max(known, key=len)]


def address(app: Flask, rule: Rule, victim: Company) -> str:
    """The route's address with the victim's ids. Raises UndeclaredError."""
    values: dict[str, Any] = {}
    for argument in rule.arguments:
        if argument == "uid":
            values[argument] = id_of(victim, named_by(rule))
        elif argument == "line":
            values[argument] = victim.ids.get(f"{named_by(rule)} line", victim.ids["preparing line"])
        elif argument in OTHER_ARGUMENTS:
            values[argument] = OTHER_ARGUMENTS[argument]
        else:
            raise UndeclaredError(f"{rule.endpoint} ({rule.rule}): say in tests/proof/routes.py what {argument} is.")
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=methods(rule)[0])


def id_of(victim: Company, name: str) -> UUID:
    """The victim's id of this name; what a partner does not have itself is its distributor's."""
    own = victim.ids.get(name)
    if own is None and victim.upstream is not None:
        own = victim.upstream.ids.get(name)
    if own is None:
        raise UndeclaredError(f"No generated company has a {name}.")
    return own


def bodies(method: str, path: str, victim: Company, version: int) -> Iterator[dict[str, Any]]:
    """What could make a request go through if the ids in it were one's own."""
    if method == "GET":
        yield {}
        yield {"query_string": {"part": "drawer", "cycle": "all", "account": str(victim.ids["account"])}}
        return
    if not path.startswith("/api/"):
        yield {"data": form_of(victim, version)}
        return
    headers = {"If-Match": f'"{version}"', "Idempotency-Key": f"probe-{version}-{victim.name}"}
    line, report = str(victim.ids["preparing line"]), str(victim.ids["review"])
    yield {"json": {"reason": "Mine now", "lines": [{"id": line, "note": "x"}]}, "headers": headers}
    yield {"json": [{"id": line, "comment": "x"}], "headers": headers}
    yield {"json": [{"id": report, "version": version}], "headers": headers}


def form_of(victim: Company, version: int) -> dict[str, str]:
    """Every field that any page sends, filled with the victim's ids."""
    line, review_line = victim.ids["preparing line"], victim.ids["review line"]
    ids = {name: str(uid) for name, uid in victim.ids.items() if " " not in name}
    return {
        "version": str(version), "reason": "Mine now", "name": "Mine", "step": "save", "seen": "", "percent": "5",
        "report": f"{ids['review']}~{version}", "account": ids["account"], "file": ids["held"], "held": ids["held"],
        "membership": ids["member"], "member": ids["member"], "token": ids["token"], "view": ids["view"],
        "organization": ids["organization"], "line": str(line), "remove": str(line), "roles": "admin",
        f"v-{line}": "1", f"u-{line}": "1", f"k-{line}": "yes", f"n-{review_line}": "note",
    }  # fmt: skip
