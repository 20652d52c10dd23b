"""API tokens: their form, their life and what they may do."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity import operations, tokens
from distributor.identity.current import needs_scope, needs_token, require_member
from distributor.identity.models import ApiToken
from distributor.identity.scopes import SCOPES
from distributor.identity.sessions import digest
from tests import clients
from tests.distributor.identity.conftest import Clock, member_row
from tests.factories import Story, member
from workflows.usage_report import Role


@needs_token
def whoami() -> ResponseReturnValue:
    found = require_member()
    return jsonify(email=found.email, scopes=sorted(found.scopes or ()))


@needs_scope("reports:write")
def write() -> ResponseReturnValue:
    return "", 204


@pytest.fixture
def app(new_app: Flask) -> Flask:
    """Routes are added to it."""
    return new_app


@pytest.fixture
def api(app: Flask) -> Flask:
    """The service with two calls of the plainest kind."""
    app.add_url_rule("/api/v1/probe", "probe_whoami", whoami)
    app.add_url_rule("/api/v1/probe", "probe_write", write, methods=["POST"])
    return app


def test_a_token_names_itself_and_carries_256_bits_and_a_checksum() -> None:
    text, prefix = tokens.generate()
    assert re.fullmatch(r"dst_[0-9a-z]{8}_[0-9A-Za-z]{49}", text)
    assert text.startswith(f"{prefix}_")
    assert 62**43 >= 2**256 > 62**42
    assert tokens.is_well_formed(text)


def test_one_wrong_letter_is_seen_without_asking_the_database() -> None:
    text, _ = tokens.generate()
    wrong = [text[:place] + ("b" if text[place] != "b" else "c") + text[place + 1 :] for place in range(4, len(text))]
    assert not any(tokens.is_well_formed(one) for one in wrong)
    assert not tokens.is_well_formed(text + "\n")


def test_only_a_hash_is_kept(story: Story, clock: Clock) -> None:
    text, row = tokens.create_token(story.preparer, " Nightly ", ["reports:read"], None, clock.at)
    kept = db.session.scalars(select(ApiToken)).one()
    assert (kept.token_hash, kept.prefix, kept.name) == (digest(text), text[:12], "Nightly")
    assert row is kept


def test_a_token_says_who_it_is(api: Flask, story: Story) -> None:
    answer = clients.api(api, story.preparer, "reports:read").get("/api/v1/probe")
    assert answer.json == {"email": story.preparer.email, "scopes": ["reports:read"]}


def test_a_missing_scope_is_403_and_named(api: Flask, story: Story) -> None:
    answer = clients.api(api, story.preparer, "reports:read").post("/api/v1/probe")
    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["detail"].endswith("needs a token with the scope reports:write; yours has: reports:read.")
    assert clients.api(api, story.preparer, "reports:write").post("/api/v1/probe").status_code == 204


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer dst_x", "Basic YTpi", "Bearer " + "x" * 5_000, "Bearer \u00e9"]
)
def test_without_a_valid_token_the_api_answers_401(api: Flask, story: Story, header: str | None) -> None:
    program = clients.Program(api, api.response_class)
    answer = program.get("/api/v1/probe", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json is not None
    assert answer.json["type"] == "sign-in-required"
    assert answer.json["detail"].startswith("Send a valid API token as “Authorization: Bearer dst_…”.")


def test_the_api_ignores_cookies(api: Flask, story: Story) -> None:
    assert clients.sign_in(api, story.preparer).get("/api/v1/probe").status_code == 401


def test_pages_ignore_tokens(api: Flask, story: Story) -> None:
    assert clients.api(api, story.preparer).get("/profile").status_code == 302


def test_a_revoked_token_is_refused_on_the_next_call(api: Flask, story: Story, clock: Clock) -> None:
    program = clients.api(api, story.preparer)
    assert program.get("/api/v1/probe").status_code == 200
    assert tokens.revoke(story.preparer.member_id, clock.at) == 1
    assert program.get("/api/v1/probe").status_code == 401


def test_a_token_ends_when_it_expires(api: Flask, story: Story, clock: Clock) -> None:
    ends = clock.at + timedelta(days=1)
    program = clients.api(api, story.preparer)
    program.token, _ = tokens.create_token(story.preparer, "Short", ["reports:read"], ends, clock.at)
    clock.forward(hours=23)
    assert program.get("/api/v1/probe").status_code == 200
    for at in (ends, ends + timedelta(days=30)):
        clock.at = at
        assert program.get("/api/v1/probe").status_code == 401


def test_a_removed_members_token_is_refused_and_stays_so_when_they_come_back(
    api: Flask, story: Story, clock: Clock
) -> None:
    program = clients.api(api, story.preparer)
    row = member_row(story.preparer)
    operations.remove_member(row, clock.at)
    assert program.get("/api/v1/probe").status_code == 401
    operations.add_member(row.organization, story.preparer.email, "", [Role.PREPARER], clock.at)
    assert program.get("/api/v1/probe").status_code == 401


def test_a_lost_role_takes_its_scopes_from_tokens_made_before(api: Flask, story: Story) -> None:
    program = clients.api(api, story.preparer)
    assert program.post("/api/v1/probe").status_code == 204
    member_row(story.preparer).roles = ["viewer"]
    assert program.post("/api/v1/probe").status_code == 403
    assert program.get("/api/v1/probe").json == {"email": story.preparer.email, "scopes": ["reports:read"]}
    left_with_none = clients.api(api, story.preparer, "reports:write").post("/api/v1/probe")
    assert left_with_none.json is not None
    assert left_with_none.json["detail"].endswith("yours has: none.")


def test_last_use_is_noted_at_most_once_a_minute(api: Flask, story: Story, clock: Clock) -> None:
    program = clients.api(api, story.preparer)
    used = []
    for seconds in (0, 30, 60):
        clock.forward(seconds=seconds)
        program.get("/api/v1/probe")
        used.append(db.session.scalars(select(ApiToken.last_used_at)).one())
    assert used[0] == used[1] == clock.at - timedelta(seconds=90)
    assert used[2] == clock.at


@pytest.mark.parametrize(
    ("roles", "at_distributor", "possible"),
    [
        ([Role.VIEWER], False, {"reports:read"}),
        ([Role.PREPARER], False, {"reports:read", "reports:write"}),
        ([Role.ADMIN, Role.REVIEWER], False, {"reports:read", "reports:write"}),
        ([Role.REVIEWER], True, {"reports:read", "reports:review", "usage:write"}),
    ],
)
def test_a_token_holds_only_what_the_members_roles_can_do(
    story: Story, clock: Clock, roles: list[Role], at_distributor: bool, possible: set[str]
) -> None:
    holder = member(story.distributor if at_distributor else story.msp, *roles)
    for scope in SCOPES:
        if scope in possible:
            tokens.create_token(holder, scope, [scope], None, clock.at)
        else:
            with pytest.raises(InputRefused, match=scope):
                tokens.create_token(holder, scope, [scope], None, clock.at)


def test_everything_wrong_with_a_new_token_is_named_at_once(story: Story, clock: Clock) -> None:
    with pytest.raises(InputRefused) as refused:
        tokens.create_token(story.preparer, " ", ["reports:eat"], clock.at, clock.at)
    assert [error.field for error in refused.value.errors] == ["name", "scopes", "expires_at"]
    with pytest.raises(InputRefused, match="at least one scope"):
        tokens.create_token(story.preparer, "x", [], None, clock.at)
    with pytest.raises(InputRefused, match="at most 100"):
        tokens.create_token(story.preparer, "x" * 101, ["reports:read"], None, clock.at)
    assert db.session.scalars(select(ApiToken)).all() == []
