"""Bugs that people really make, planted one at a time: the tests named beside each have to fail. A bug whose old text
is no longer there fails too, so that the list follows the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.proof.figures import Figure, Told
from tests.proof.ground import Ground
from tests.proof.trials import ROOT, Trial, uncaught

LEAST = 25
IDENTITY = "tests/distributor/identity"
API = "tests/distributor/api"
EDGES = "tests/distributor/test_edges.py"
TENANCY = "tests/distributor/test_tenancy.py"
WALLS = "migrations/versions/0009_row_level_security.py"
PERMANENT = "distributor/identity/tokens.py"
ENDS = "distributor/identity/operations.py"


WRITES = """    which = query_of(schemas.ReportQuery)["lines"]
    from distributor.database import db
    db.session.execute(db.text("UPDATE accounts SET po_number = 'seen'"))
    db.session.commit()
"""


@dataclass(frozen=True)
class Bug:
    """A text of a file that a bug makes another, and the test that must notice."""

    name: str
    path: str
    old: str
    new: str
    test: str

    @property
    def planted(self) -> str:
        """The whole file with the bug. Raises ValueError where the old text does not stand in it exactly once."""
        source = (ROOT / self.path).read_text("utf-8")
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.path} holds its text {source.count(self.old)} times, not once.")
        return source.replace(self.old, self.new)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What pytest is given; the rules stand without the service."""
        return (*(["--noconftest"] if self.test.startswith("tests/workflows/") else []), self.test)


BUGS = (
    Bug("a call asks for too small a scope", "distributor/usage_reports/api/steps.py",
        '"approveReport", schemas.ReportHeader, scope="reports:review"',
        '"approveReport", schemas.ReportHeader, scope="reports:read"',
        "tests/proof/test_promises.py::test_each_call_asks_for_the_scope_it_was_given"),
    Bug("a page that only shows writes", "distributor/usage_reports/api/reading.py",
        '    which = query_of(schemas.ReportQuery)["lines"]\n', WRITES,
        "tests/proof/test_promises.py::test_reading_changes_nothing"),
    Bug("a table's policy is forgotten", WALLS, '    "review_drafts": (UPSTREAM, UPSTREAM),\n', "",
        f"{TENANCY}::test_every_table_has_its_wall_or_is_named_as_shared"),
    Bug("an unsent note is seen by the wrong side", WALLS, '"review_drafts": (UPSTREAM, UPSTREAM)',
        '"review_drafts": (BOTH_SIDES, UPSTREAM)',
        f"{TENANCY}::test_a_partner_never_sees_what_a_reviewer_has_not_sent"),
    Bug("others' accounts are looked for where they are hidden", "distributor/accounts/partners.py",
        "select(func.works_with_others(account.msp_id, account.distributor_id))",
        "select(select(Account.id).where(Account.msp_id == account.msp_id, Account.distributor_id != "
        "account.distributor_id).exists())",
        "tests/distributor/accounts/test_contacts_of_others.py"),
    Bug("a step does not look at the version", "workflows/usage_report.py",
        "if version is not None and version != attempt.report.version:",
        "if version is not None and version > attempt.report.version:", "tests/workflows/test_submitting.py"),
    Bug("a penalty lowers the bill", "workflows/units.py", "chargeable_units=max(known, default=None)",
        "chargeable_units=min(known, default=None)", "tests/workflows/test_lines.py"),
    Bug("the tolerance is off by one", "workflows/units.py", "return abs(figure - provisioned) > tolerance_limit(",
        "return abs(figure - provisioned) >= tolerance_limit(", "tests/workflows/test_lines.py"),
    Bug("amounts are rounded half to even", "workflows/money.py", "ROUND_HALF_UP, context=EXACT",
        '"ROUND_HALF_EVEN", context=EXACT', "tests/workflows/test_money.py"),
    Bug("an estimate is rounded down", "workflows/units.py", "ROUND_CEILING, context=EXACT",
        '"ROUND_FLOOR", context=EXACT', "tests/workflows/test_lines.py"),
    Bug("one reviewer endorses and approves", "workflows/conditions.py",
        "if attempt.actor.person in attempt.report.endorsers:", "if attempt.actor.person is None:",
        "tests/workflows/test_reviewing.py"),
    Bug("the approval limit starts a cent early", "workflows/vocabulary.py", "self.amount > self.approval_limit",
        "self.amount >= self.approval_limit", "tests/workflows/test_reviewing.py"),
    Bug("an endorsed report is recalled", "workflows/conditions.py",
        '    if report.endorsed_by is not None:\n        return words("A reviewer',
        '    if report.endorsed_by == 0:\n        return words("A reviewer',
        "tests/workflows/test_recalling_and_reopening.py"),
    Bug("an invoiced report is reopened", "workflows/conditions.py", "    return _invoiced(attempt)\n",
        "    return None\n", "tests/workflows/test_reviewing.py"),
    Bug("a report submits itself before it is due", "workflows/conditions.py",
        "    if attempt.at < attempt.report.due_at:\n        due_at",
        "    if attempt.at > attempt.report.due_at:\n        due_at", "tests/workflows/test_submitting.py"),
    Bug("a line that joins late pays today's price", "distributor/usage_reports/operations/usage.py",
        "past.valid_until > r.opened_at", "past.valid_until < r.opened_at",
        "tests/distributor/usage_reports/test_money_holes.py::"
        "test_a_line_that_joins_an_open_report_pays_the_price_of_its_opening"),
    Bug("a revoked token still works", PERMANENT, "    ApiToken.revoked_at.is_(None),\n    or_(", "    or_(",
        f"{IDENTITY}/test_tokens.py::test_a_revoked_token_is_refused_on_the_next_call"),
    Bug("a token never expires", PERMANENT, 'ApiToken.expires_at > bindparam("at")),',
        'ApiToken.expires_at != bindparam("at")),', f"{IDENTITY}/test_tokens.py::test_a_token_ends_when_it_expires"),
    Bug("an MSP's token reviews", "distributor/identity/scopes.py",
        "(is_distributor or not scope.distributor_only)", "(is_distributor or scope.distributor_only is not None)",
        f"{IDENTITY}/test_tokens.py::test_a_token_holds_only_what_the_members_roles_can_do"),
    Bug("a new password leaves the sign-ins", ENDS, "    sessions.end(user.id, at)\n    use_up_links",
        "    use_up_links", f"{IDENTITY}/test_passwords.py::test_setting_a_password_by_link_ends_every_sign_in"),
    Bug("a link sets a password twice", ENDS,
        "digest(token), PasswordLink.used_at.is_(None), PasswordLink.expires_at > at)\n        .values",
        "digest(token), PasswordLink.expires_at > at)\n        .values",
        f"{IDENTITY}/test_passwords.py::test_a_link_sets_the_password_once"),
    Bug("an idle sign-in lives on", "distributor/identity/sessions.py",
        'WebSession.last_seen_at > bindparam("idle")', 'WebSession.last_seen_at != bindparam("idle")',
        f"{IDENTITY}/test_sign_in.py::test_a_session_ends_after_twelve_idle_hours"),
    Bug("the API believes cookies", "distributor/identity/current.py", "_by_token() if is_api() else _by_cookie()",
        "(_by_token() or _by_cookie()) if is_api() else _by_cookie()",
        f"{IDENTITY}/test_tokens.py::test_the_api_ignores_cookies"),
    Bug("a form needs no token", "distributor/gate.py", "            csrf.protect()\n", "            pass\n",
        f"{EDGES}::test_a_form_without_its_token_is_refused_with_a_page"),
    Bug("another site sends forms", "distributor/gate.py", "            _check_origin()\n", "",
        f"{EDGES}::test_a_form_from_another_site_is_refused_even_with_a_token"),
    Bug("an undeclared route answers", "distributor/gate.py",
        '        raise Undeclared(f"The route {endpoint} declares no permission.")\n', "        return\n",
        f"{EDGES}::test_an_undeclared_route_answers_nobody"),
    Bug("a key is given another request's answer", "distributor/api/answers.py",
        "    if bytes(kept.request_hash) != fingerprint:\n", "    if not kept.request_hash:\n",
        f"{API}/test_idempotency.py::test_another_body_or_address_with_the_key_is_refused"),
    Bug("an export holds live formulas", "distributor/spreadsheets/text.py", 'DANGEROUS = ("=", ', "DANGEROUS = (",
        "tests/distributor/spreadsheets/test_export.py"),
)  # fmt: skip


def trials(bugs: Sequence[Bug]) -> list[Trial]:
    """A run of its test for each."""
    return [Trial(bug.name, bug.arguments, bug.path, bug.planted, migrate=bug.path == WALLS) for bug in bugs]


def prove(on: Ground, told: Told) -> Figure:
    """Each of them planted; without any, the tests named have to pass."""
    is_sound = bool(uncaught(on, [Trial("no bug", tuple(sorted({bug.test for bug in BUGS})), limit=300)]))
    passed = uncaught(on, trials(BUGS), told)
    return Figure(
        "Planted bugs",
        f"{LEAST} caught",
        f"{len(BUGS) - len(passed)} of {len(BUGS)} caught by the tests named for them",
        is_sound and not passed and len(BUGS) >= LEAST,
        details=[
            *(f"{bug.name}: {bug.test}" for bug in BUGS),
            *(f"Not caught: {name}" for name in passed),
            *([] if is_sound else ["The tests named fail without any bug, too."]),
        ],
    )
