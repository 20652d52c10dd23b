"""What the mails about substitutes and unopened reports say."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from distributor.database import db
from distributor.delegation import operations
from distributor.delivery.rendering import rendered
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.escalating import escalate
from tests.distributor.delegation.conftest import AT, stand_in
from tests.distributor.people.conftest import mails
from tests.factories import Story, member
from workflows.usage_report import Role


def subjects(event: str) -> list[str]:
    return [rendered(mail).subject for mail in mails(event)]


def test_both_are_told_who_acts_for_whom_until_when_and_when_it_ends(story: Story, viewer: CurrentMember) -> None:
    uid: Any = stand_in(viewer, story.reviewer, by=story.admin)
    operations.revoke(story.admin, uid, AT)
    acts = f"you act for {story.reviewer.name} until Sat 12 Dec 2026"
    assert subjects("substitute_named") == [
        f"Distributor: {acts}",
        f"Distributor: {viewer.name} acts for you until Sat 12 Dec 2026",
    ]
    assert subjects("substitute_ended") == [
        f"Distributor: you no longer act for {story.reviewer.name}",
        f"Distributor: {viewer.name} no longer acts for you",
    ]


def test_who_lends_their_roles_is_told_even_when_it_was_their_own_doing(story: Story, viewer: CurrentMember) -> None:
    uid: Any = stand_in(viewer, story.reviewer)
    operations.revoke(story.reviewer, uid, AT)
    _to_the_substitute, mail = mails("substitute_named")
    assert mail.recipient == story.reviewer.email
    words = " ".join(rendered(mail).text.split())
    assert f"{story.reviewer.name}, you named {viewer.name} as your substitute" in words
    assert "If it was not, end it now, set another password" in words
    # Ending takes nothing from anybody: who did it knows.
    assert [one.recipient for one in mails("substitute_ended")] == [viewer.email]


def test_a_mail_queued_before_it_said_whose_doing_it_was_is_still_written(story: Story, viewer: CurrentMember) -> None:
    stand_in(viewer, story.reviewer, by=story.admin)
    _to_the_substitute, mail = mails("substitute_named")
    details = {name: value for name, value in mail.details.items() if name != "is_own_doing"}
    before = SimpleNamespace(**{**mail._mapping, "details": details})
    assert f"{story.admin.name} named {viewer.name}" in " ".join(rendered(before).text.split())


def test_an_unopened_report_is_named_to_the_admins_and_to_the_distributor(story: Story) -> None:
    member(story.msp, Role.ADMIN)
    report = story.open(("40", "30"))
    for left in (2, 1):
        escalate(report.due_at - timedelta(days=left))
    db.session.commit()
    for event in ("unopened", "unopened_by_partner"):
        (mail,) = mails(event)
        text = rendered(mail, at=report.due_at - timedelta(days=1)).text
        assert "Nobody at Kestrel IT Services has opened this report" in text


def test_a_substitutes_mail_says_for_whom_it_comes(story: Story) -> None:
    reader = member(story.msp, Role.VIEWER)
    stand_in(reader, story.preparer)
    story.open(("40", None), at=AT)
    (mail,) = [one for one in mails("opened") if one.user_id == reader.user_id]
    assert f"because you act for {story.preparer.name} at present" in " ".join(rendered(mail).text.split())
