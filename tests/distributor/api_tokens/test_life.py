"""What happens to a token is told and recorded: made, used from elsewhere, revoked, reported, about to end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from distributor.api_tokens import operations
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.rendering import rendered
from distributor.errors import Forbidden, NotFound
from distributor.identity import tokens
from distributor.identity.acting import CurrentMember
from distributor.identity.models import ApiToken
from distributor.scheduler import jobs
from tests import clients
from tests.distributor.api_tokens.conftest import Held
from tests.distributor.identity.conftest import Clock
from tests.factories import Story, member
from workflows.usage_report import Role


def recorded(what: str) -> list[dict[str, Any]]:
    found = db.session.execute(text("SELECT details FROM audit_entries WHERE what = :what ORDER BY at"), {"what": what})
    return [row.details for row in found]


def mails(event: str) -> list[Notification]:
    return list(db.session.scalars(select(Notification).filter_by(event=event).order_by(Notification.id)))


def test_a_new_token_is_told_to_its_owner_and_recorded_without_its_secret(held: Held, story: Story) -> None:
    (mail,) = mails("token_created")
    assert (mail.recipient, mail.user_id) == (story.preparer.email, story.preparer.user_id)
    (entry,) = recorded("token.created")
    assert entry == {"name": "Nightly", "scopes": ["reports:read", "reports:write"], "expires_at": None}
    assert held.text not in rendered(mail).text + str(mail.details)


def test_the_first_use_from_each_network_is_recorded_once(held: Held, clock: Clock) -> None:
    for address in ("192.0.2.1", "192.0.2.9", "192.0.2.1", "2001:db8::1", "2001:db8::2"):
        held.program.get("/api/v1/me", environ_base={"REMOTE_ADDR": address})
    told = [entry["address"] for entry in recorded("token.used_from_new_address")]
    assert told == ["192.0.2.1", "192.0.2.9", "2001:db8::/64"]
    db.session.refresh(held.row)
    assert held.row.last_used_from == "2001:db8::/64"


def test_its_owner_revokes_it_and_nobody_elses(held: Held, story: Story, boss: CurrentMember, clock: Clock) -> None:
    with pytest.raises(NotFound):
        operations.revoke_own(boss, held.row.uid, clock.at)
    operations.revoke_own(story.preparer, held.row.uid, clock.at)
    assert not held.works()
    assert recorded("token.revoked") == [{"name": "Nightly", "owner": story.preparer.email}]
    with pytest.raises(NotFound):
        operations.revoke_own(story.preparer, held.row.uid, clock.at)


def test_an_admin_revokes_it_and_its_owner_is_told(held: Held, boss: CurrentMember, clock: Clock) -> None:
    operations.revoke(boss, held.row.uid, clock.at)
    assert not held.works()
    assert held.row.revoked_by == boss.user_id
    assert [mail.details["by"] for mail in mails("token_revoked")] == [boss.name]


def test_who_is_no_admin_or_admin_of_another_organization_revokes_nothing(
    held: Held, story: Story, clock: Clock
) -> None:
    with pytest.raises(Forbidden):
        operations.revoke(story.preparer, held.row.uid, clock.at)
    with pytest.raises(NotFound):
        operations.revoke(story.admin, held.row.uid, clock.at)
    assert held.works()


def test_a_whole_token_that_is_reported_is_revoked_at_once(app: Flask, held: Held, story: Story, clock: Clock) -> None:
    answer = clients.visitor(app).post("/report-token", data={"token": f"curl -H 'Bearer {held.text}'"})
    assert answer.status_code == 200
    assert not held.works()
    assert jobs.settle_token_reports(clock.at) == 1
    assert [mail.recipient for mail in mails("token_reported")] == [story.preparer.email]
    assert "was revoked at once" in rendered(mails("token_reported")[0]).text
    assert recorded("token.reported") == [{"name": "Nightly", "owner": story.preparer.email, "revoked": True}]


def test_the_admins_are_told_too(held: Held, story: Story, boss: CurrentMember, clock: Clock) -> None:
    second = member(story.msp, Role.ADMIN)
    operations.report(held.text, clock.at)
    operations.settle(clock.at)
    assert {mail.recipient for mail in mails("token_reported_to_admin")} == {boss.email, second.email}


def test_a_prefix_alone_tells_once_and_revokes_nothing(app: Flask, held: Held, clock: Clock) -> None:
    for _ in range(3):
        clients.visitor(app).post("/report-token", data={"token": held.row.prefix})
        jobs.settle_token_reports(clock.at)
        clock.forward(hours=1)
    assert held.works()
    (mail,) = mails("token_reported")
    assert "it still works" in rendered(mail).text
    operations.report(held.text, clock.at)
    operations.settle(clock.at)
    assert not held.works()
    assert len(mails("token_reported")) == 2


def test_the_answer_never_tells_whether_there_is_such_a_token(app: Flask, held: Held) -> None:
    unknown, prefix = tokens.generate()
    texts = [held.text, held.row.prefix, unknown, prefix, held.text]
    pages = [clients.visitor(app).post("/report-token", data={"token": each}) for each in texts]
    assert {(page.status_code, page.text) for page in pages} == {(200, pages[0].text)}
    refused = clients.visitor(app).post("/report-token", data={"token": "ghp_something"})
    assert (refused.status_code, "This is no API token of ours" in refused.text) == (422, True)


def test_a_program_reports_a_token_without_one_of_its_own(app: Flask, held: Held, story: Story, clock: Clock) -> None:
    unknown, prefix = tokens.generate()
    texts = [held.text, held.row.prefix, unknown, prefix, f"found {held.text} in a public place"]
    answers = [clients.visitor(app).post("/api/v1/token-reports", json={"token": each}, csrf=False) for each in texts]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert not held.works()
    assert jobs.settle_token_reports(clock.at) == 5
    assert [mail.recipient for mail in mails("token_reported")] == [story.preparer.email]


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "ghp_something"}, {"token": 1}, {"token": "x" * 2_001}])
def test_a_program_is_told_what_is_no_token_of_ours(app: Flask, body: dict[str, object]) -> None:
    refused = clients.visitor(app).post("/api/v1/token-reports", json=body, csrf=False)
    assert (refused.status_code, (refused.json or {})["type"]) == (422, "invalid-input")


def test_programs_that_report_are_limited_together_with_people(app: Flask) -> None:
    browser = clients.visitor(app)
    answers = [
        browser.post("/api/v1/token-reports", json={"token": "dst_aaaaaaaa"}, csrf=False).status_code for _ in range(21)
    ]
    assert answers == [202] * 20 + [429]
    assert browser.post("/report-token", data={"token": "dst_aaaaaaaa"}).status_code == 429


def test_reports_of_one_address_are_limited(app: Flask) -> None:
    browser = clients.visitor(app)
    answers = [browser.post("/report-token", data={"token": "dst_aaaaaaaa"}).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


def test_a_token_that_ends_within_a_week_is_told_of_once(app: Flask, story: Story, clock: Clock) -> None:
    for days in (5, 6, 20):
        tokens.create_token(
            story.preparer, f"Token {days}", ["reports:read"], clock.at + timedelta(days=days), clock.at
        )
    assert [jobs.warn_of_expiry(clock.at), jobs.warn_of_expiry(clock.at)] == [2, 0]
    (mail,) = mails("token_expiring")
    assert "Token 5, Token 6" in rendered(mail).text
    assert rendered(mail).subject.endswith("2 API tokens end within a week")
    assert jobs.warn_of_expiry(clock.at + timedelta(days=14)) == 1


def test_a_token_on_its_own_is_named_in_its_warning(app: Flask, story: Story, clock: Clock) -> None:
    tokens.create_token(story.preparer, "Alone", ["reports:read"], clock.at + timedelta(days=3), clock.at)
    jobs.warn_of_expiry(clock.at)
    assert "“Alone”" in rendered(mails("token_expiring")[0]).text.replace("\n", " ")


def test_admins_see_the_tokens_of_all_members(app: Flask, held: Held, boss: CurrentMember) -> None:
    held.program.get("/api/v1/me", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    page = clients.sign_in(app, boss).get("/tokens")
    assert page.status_code == 200
    for shown in ("Nightly", held.row.prefix, "192.0.2.7", "reports:write"):
        assert shown in page.text
    assert held.text not in page.text
    assert "Nightly" in clients.sign_in(app, boss).get(f"/tokens?q={held.row.prefix}").text
    assert "No token matches" in clients.sign_in(app, boss).get("/tokens?q=nothing").text


def test_admins_revoke_on_their_page(app: Flask, held: Held, boss: CurrentMember) -> None:
    answer = clients.sign_in(app, boss).post(f"/tokens/{held.row.uid}/revoke", follow_redirects=True)
    assert "Nightly is revoked" in answer.text
    assert not held.works()
    assert clients.sign_in(app, boss).post(f"/tokens/{held.row.uid}/revoke").status_code == 404


def test_the_tokens_of_others_are_no_business_of_who_is_no_admin(app: Flask, held: Held, story: Story) -> None:
    assert clients.sign_in(app, story.preparer).get("/tokens").status_code == 403
    other = clients.sign_in(app, story.admin)
    assert held.row.prefix not in other.get("/tokens").text
    assert other.post(f"/tokens/{held.row.uid}/revoke").status_code == 404
    assert db.session.scalars(select(ApiToken.revoked_at).filter_by(id=held.row.id)).one() is None
