"""An MSP that takes on partners of its own: an operator's command, after which both sides' pages are there."""

from __future__ import annotations

from distributor.database import db
from distributor.identity.models import Organization
from tests.distributor.commands import Shell
from tests.factories import Story

NAME = "Kestrel IT Services"


def test_an_msp_takes_partners_on_and_stays_one(shell: Shell) -> None:
    with shell.service():
        Story()
        db.session.commit()
    assert shell("take-partners", "--organization", NAME).closing == f"{NAME} can take on partners of its own now."
    assert shell("take-partners", "--organization", NAME, "--json").json == {"organization": NAME, "changed": False}
    with shell.service():
        assert db.session.query(Organization).filter_by(name=NAME).one().is_distributor
    trail = shell("verify-audit")
    assert "verifies" in trail.closing or "chain" in trail.closing


def test_an_unknown_organization_is_refused(shell: Shell) -> None:
    assert "No organization has the name" in shell("take-partners", "--organization", "Nobody").closing
