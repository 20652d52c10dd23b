"""What the operator does to people and organizations at the command line stands in their audit trail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from distributor.audit.wording import kinds, what_happened
from distributor.database import db
from distributor.identity import sessions
from distributor.identity.models import Member, Organization, User, WebSession
from distributor.single_sign_on.models import IdentityProvider
from tests.distributor.audit.trail import chain_of
from tests.distributor.commands import Shell
from tests.factories import Story

KESTREL = "Kestrel IT Services"


@pytest.fixture
def email(shell: Shell) -> str:
    """The address of a member of the MSP."""
    with shell.service():
        return Story().preparer.email


def told(shell: Shell, name: str = KESTREL) -> list[tuple[str, str, str, str]]:
    """Fact, name, way in and subject of each entry of an organization's chain."""
    with shell.service():
        here = db.session.scalars(select(Organization.id).filter_by(name=name)).one()
        return [(row.what, row.actor_name, row.via, row.subject) for row in chain_of(organization_id=here)]


def details(shell: Shell, what: str) -> dict[str, Any]:
    with shell.service():
        here = db.session.scalars(select(Organization.id).filter_by(name=KESTREL)).one()
        found: dict[str, Any] = next(row.details for row in chain_of(organization_id=here) if row.what == what)
        return found


def test_the_first_organization_begins_its_trail(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a sentence of one's own")
    init = ("init", "--organization", "Northwind", "--admin", "ada@example.com")
    assert shell(*init, "--password-file", str(tmp_path / "password")).code == 0
    assert told(shell, "Northwind") == [
        ("organization.created", "Operator", "command", "Northwind"),
        ("member.added_by_operator", "Operator", "command", "ada@example.com"),
    ]


def test_members_links_and_tokens_made_by_the_operator_are_told(shell: Shell, email: str) -> None:
    add = ("member", "add", "--organization", KESTREL, "--email", "kim@example.com", "--role", "viewer")
    assert shell(*add).code == 0
    assert shell("member", "link", "--email", "kim@example.com").code == 0
    assert shell("token", "create", "--email", email, "--name", "CI", "--scope", "reports:read").code == 0
    assert [row[:3] for row in told(shell)] == [
        ("member.added_by_operator", "Operator", "command"),
        ("password.link_made", "Operator", "command"),
        ("token.created", "Operator", "command"),
    ]
    assert details(shell, "member.added_by_operator") == {"roles": ["viewer"], "has_password": False}


def test_what_was_refused_is_not_told(shell: Shell, email: str) -> None:
    add = ("member", "add", "--organization", KESTREL, "--email", "nonsense", "--role", "viewer")
    assert shell(*add).code == 1
    assert shell("member", "link", "--email", "nobody@example.com").code == 1
    assert told(shell) == []


def signed_in(shell: Shell) -> int:
    with shell.service():
        return db.session.scalars(select(func.count()).where(WebSession.revoked_at.is_(None))).one()


@pytest.mark.parametrize(("whose", "left"), [(("--email", "{email}"), 1), (("--everybody",), 0)])
def test_the_operator_ends_sign_ins(shell: Shell, email: str, whose: tuple[str, ...], left: int) -> None:
    with shell.service():
        mine = db.session.scalars(select(Member).join(User).where(User.email == email)).one()
        other = db.session.scalars(select(Member).where(Member.id != mine.id)).first()
        for one in filter(None, (mine, other)):
            sessions.start(one.user_id, one.id, datetime.now(UTC))
    assert shell("member", "sign-out", *(word.format(email=email) for word in whose)).code == 0
    assert signed_in(shell) == left
    assert told(shell)[-1][:3] == ("session.ended_by_admin", "Operator", "command")


def test_whose_sign_ins_end_has_to_be_said(shell: Shell, email: str) -> None:
    assert shell("member", "sign-out").code == 2
    assert shell("member", "sign-out", "--everybody", "--email", email).code == 2
    assert shell("member", "sign-out", "--email", "nobody@example.com").code == 1


def required(shell: Shell) -> None:
    """The MSP requires a provider that is gone."""
    with shell.service():
        here = db.session.scalars(select(Organization.id).filter_by(name=KESTREL)).one()
        way_in = db.session.scalars(select(Member.id).filter_by(organization_id=here)).first()
        provider = {"issuer": "https://login.gone.example", "client_id": "usage", "client_secret": b"locked"}
        db.session.add(
            IdentityProvider(
                organization_id=here, domains=["example.com"], offered=True, required=True, way_in_id=way_in, **provider
            )
        )


def test_single_sign_on_is_lifted_once_and_told(shell: Shell, email: str) -> None:
    lift = ("sso", "lift", "--organization", KESTREL)
    assert shell(*lift).closing == f"{KESTREL} does not require single sign-on. Nothing was changed."
    required(shell)
    assert "passwords and passkeys work again" in shell(*lift).closing
    assert shell(*lift, "--json").json == {"organization": KESTREL, "lifted": False}
    assert told(shell) == [("sso.lifted", "Operator", "command", "https://login.gone.example")]
    with shell.service():
        row = db.session.scalars(select(IdentityProvider)).one()
        assert (row.offered, row.required, row.way_in_id) == (True, False, None)


def test_an_organization_nobody_knows_is_named(shell: Shell, email: str) -> None:
    refused = shell("sso", "lift", "--organization", "Nowhere")
    assert (refused.code, "No organization has the name 'Nowhere'" in refused.closing) == (1, True)


@pytest.mark.parametrize(
    "what",
    [
        "organization.created", "member.added_by_operator", "password.link_made", "sso.lifted", "evidence.made",
        "session.ended_by_admin",
    ],
)  # fmt: skip
def test_each_fact_has_its_words(shell: Shell, what: str) -> None:
    with shell.service():
        assert what_happened(what) != what
        assert what.partition(".")[0] in kinds()
