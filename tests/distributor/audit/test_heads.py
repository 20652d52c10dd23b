"""The heads of the chains go out once a day to admins, and verify what came before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.audit.heads import mail_heads
from distributor.audit.operations import record
from distributor.audit.verifying import read_heads, verify
from distributor.config import Settings
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.rendering import rendered
from distributor.identity.acting import CurrentMember
from tests.distributor.audit.trail import behind_its_back, head_of
from tests.distributor.commands import Shell
from tests.factories import OPENED_AT, Story, member
from workflows.usage_report import Role

DAY = timedelta(days=1)


class BothSides(Story):
    """A story whose MSP has an admin too."""

    partner: CurrentMember


@pytest.fixture
def story(app: Flask) -> BothSides:
    """One step in the account's chain, one fact in the distributor's, an admin on both sides."""
    made = BothSides()
    made.partner = member(made.msp, Role.ADMIN)
    made.open(("40", None))
    record("token.created", by=made.admin, at=OPENED_AT, organization_id=made.distributor.id)
    db.session.commit()
    return made


def mails() -> list[Notification]:
    query = select(Notification).where(Notification.event == "audit_heads").order_by(Notification.id)
    return list(db.session.scalars(query))


def test_admins_of_both_sides_are_told_once_a_day(story: BothSides) -> None:
    assert [mail_heads(OPENED_AT), mail_heads(OPENED_AT + timedelta(hours=23))] == [2, 0]
    assert mail_heads(OPENED_AT + DAY) == 2
    told = {(mail.recipient, mail.side) for mail in mails()}
    assert told == {(story.admin.email, "distributor"), (story.partner.email, "msp")}


def test_each_side_is_told_of_the_chains_it_may_read(story: BothSides) -> None:
    mail_heads(OPENED_AT)
    told = {mail.side: {chain for _account, chain, _number, _hash in mail.details["heads"]} for mail in mails()}
    account, organization = f"account/{story.account.uid}", f"organization/{story.distributor.uid}"
    assert told == {"distributor": {account, organization}, "msp": {account}}


def test_the_mail_verifies_what_came_before_it(
    settings: Settings, app: Flask, story: BothSides, tmp_path: Path
) -> None:
    mail_heads(OPENED_AT)
    words = rendered(next(mail for mail in mails() if mail.side == "distributor")).text
    head = head_of(account_id=story.account.id)
    assert (head.chain, 1, bytes(head.hash)) in {(one.chain, one.number, one.hash) for one in read_heads(words)}
    assert verify(None, read_heads(words)).broken == []
    behind_its_back(
        app,
        "UPDATE audit_heads SET number = 0, hash = decode(repeat('00', 32), 'hex')",
        "TRUNCATE audit_entries, line_changes",
        "DELETE FROM report_actions",
    )
    db.session.rollback()
    assert verify().broken == []
    saved = tmp_path / "mail.txt"
    saved.write_text(words)
    assert "2 chains are broken" in Shell(settings, tmp_path)("verify-audit", "--heads", str(saved)).closing


def test_both_parts_of_the_mail_say_the_same_heads(story: BothSides) -> None:
    mail_heads(OPENED_AT)
    mail = rendered(mails()[0])
    for _account, chain, number, digest in mails()[0].details["heads"]:
        assert f"{chain} {number}" in mail.text
        assert f"{chain} {number}" in mail.html
        assert digest in mail.text
        assert digest in mail.html


def test_who_has_no_entry_yet_is_not_bothered(app: Flask) -> None:
    quiet = Story()
    db.session.commit()
    assert mail_heads(OPENED_AT) == 0
    assert quiet.account.id
