"""Names and words that are markup, shown on every page and in every mail: as they were written, never as markup."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.rendering import rendered
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from distributor.scheduler import jobs
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft, NewLine
from distributor.usage_reports.queries import ReportRow
from tests.clients import sign_in
from tests.factories import OPENED_AT, Story, customer, product, usage

AT = OPENED_AT + timedelta(days=1)
BAD = """<img src=x onerror=alert(1)>"'{{7*7}}</script>&amp;"""
LIVE = re.compile(r"<img src=x|</script>&amp;|49(?:&lt;|<)/script")


@pytest.fixture
def story(app: Flask) -> Story:
    """Everything that has a name is called BAD."""
    app.config["CLOCK"] = lambda: AT
    story = Story(number=f"N{BAD}"[:50], po_number=BAD, region=BAD, account_type=BAD)
    story.distributor.name, story.msp.name = f"D{BAD}", f"M{BAD}"
    for user in db.session.scalars(select(User)):
        user.name = BAD
    return story


@pytest.fixture
def report(story: Story) -> ReportRow:
    """A report that has been through every step that has words, and is rejected."""
    rows = [(customer(story.account, BAD), product(story.distributor, BAD, name=BAD, unit=BAD[:50]), "40", "30")]
    usage(story.account, rows)
    report = story.open_cycle()
    by_hand = product(story.distributor, f"H{BAD}", usage_source="manual", name=BAD)
    drafts.add_line(report, NewLine(by_hand.sku, "1", f"H{BAD}", BAD, BAD), story.by(story.preparer), AT)
    jobs.remind(report.due_at - timedelta(days=1))
    jobs.submit_due(report.due_at)
    steps.waive(story.report(report), story.lines(report)[0].uid, story.by(story.reviewer), AT, reason=BAD)
    notes = {line.uid: BAD for line in story.lines(report)}
    steps.reject(story.report(report), story.by(story.reviewer), AT, reason=BAD, notes=notes)
    draft = LineDraft(story.lines(report)[0].uid, chargeable_units="29", comment=BAD)
    drafts.save_lines(story.report(report), [draft], story.by(story.preparer), AT)
    return story.report(report)


def pages(app: Flask, who: CurrentMember, paths: tuple[str, ...]) -> list[str]:
    browser = sign_in(app, who)
    answers = [browser.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.text for answer in answers]


def test_the_pages_of_both_sides_show_markup_as_words(app: Flask, story: Story, report: ReportRow) -> None:
    shared = ("/notifications", "/profile")
    msp = pages(app, story.preparer, ("/reports", f"/reports/{report.uid}", f"/reports/{report.uid}/history", *shared))
    lists = ("/review/reports", f"/review/{report.uid}", "/review?cycle=all&status=any&q=" + BAD.replace("&", "%26"))
    texts = [*msp, *pages(app, story.reviewer, (*lists, "/usage", *shared))]
    for text in texts:
        assert not LIVE.search(text), LIVE.findall(text)
    assert sum(BAD in html.unescape(text) for text in texts) >= 7


def test_refused_forms_show_what_was_typed_as_words(app: Flask, story: Story, report: ReportRow) -> None:
    line, browser = story.lines(report)[0], sign_in(app, story.preparer)
    form = {
        f"v-{line.uid}": str(line.version),
        f"u-{line.uid}": BAD,
        f"c-{line.uid}": BAD,
        "version": str(report.version),
    }
    new = {
        "sku": BAD,
        "chargeable_units": BAD,
        "customer_ref": BAD,
        "customer_name": BAD,
        "version": str(report.version),
    }
    for path, typed in ((f"/reports/{report.uid}/save", form), (f"/reports/{report.uid}/add-line", new)):
        answer = browser.post(path, data=typed)
        assert (answer.status_code, LIVE.search(answer.text)) == (422, None)
    for path, typed in (("/sign-in", {"email": BAD, "password": BAD}), ("/profile", {"name": BAD * 9, "phone": BAD})):
        assert not LIVE.search(browser.post(path, data=typed).text)


def test_every_mail_shows_markup_as_words_and_keeps_its_subject_on_one_line(story: Story, report: ReportRow) -> None:
    mails = {row.event: rendered(row) for row in db.session.scalars(select(Notification))}
    assert {"opened", "reminder", "auto_submitted", "waived", "rejected"} <= set(mails)
    for event, mail in mails.items():
        assert not LIVE.search(mail.html), event
        assert BAD in html.unescape(mail.html), event
        assert "\n" not in mail.subject, event
