"""The calendar behind a private address: what stands in it, for whom, and how the address ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from distributor.calendars.models import CalendarLink
from distributor.calendars.operations import make_link
from distributor.database import db
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.models import Member, User
from distributor.identity.operations import add_member, remove_member
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from tests.clients import sign_in, visitor
from tests.distributor.calendars.reading import Component, read
from tests.distributor.delivery.gallery import open_story
from tests.factories import OPENED_AT, Story, member, organization
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    set_clock(app, AT)
    return Story(number="MER-1042", time_zone="Europe/Dublin", next_opens_at=OPENED_AT + timedelta(days=31))


def set_clock(app: Flask, at: datetime) -> None:
    app.config["CLOCK"] = lambda: at


def address(who: CurrentMember) -> str:
    return f"/calendar/{make_link(who, AT)}.ics"


def feed(app: Flask, who: CurrentMember) -> Component:
    return read(visitor(app).get(address(who)).data)


def test_a_preparer_sees_when_the_report_is_due_and_what_silence_costs(app: Flask, story: Story) -> None:
    report = open_story(story)
    due = next(one for one in feed(app, story.preparer).parts if str(report.uid) in one.properties["UID"])
    assert (due.properties["DTSTART"], due.properties["DTEND"]) == ("20261030T233000Z", "20261031T000000Z")
    assert due.text("SUMMARY") == "Submit the usage report October 2026 (MER-1042)"
    said = due.text("DESCRIPTION")
    assert "submitted automatically on Sat 31 Oct 2026 at 00:00 GMT." in said
    assert "3 lines are not settled; that adds € 409.50." in said
    assert due.properties["URL"] == f"http://127.0.0.1:8000/reports/{report.uid}"
    (alarm,) = due.parts
    assert alarm.properties["TRIGGER;RELATED=END"] == "-P1D"


def test_the_sequence_of_a_deadline_is_the_reports_version(app: Flask, story: Story) -> None:
    report = open_story(story)
    before = feed(app, story.preparer).parts[0]
    line = next(line for line in story.lines(report) if line.unexplained)
    drafts.save_lines(
        report, [LineDraft(line.uid, line.version, comment="A trial")], acting(story.preparer, report), AT
    )
    after = feed(app, story.preparer).parts[0]
    assert (before.properties["UID"], before.properties["SEQUENCE"]) == (after.properties["UID"], "1")
    assert after.properties["SEQUENCE"] == "2"
    assert "2 lines are not settled" in after.text("DESCRIPTION")


def test_a_preparer_sees_when_the_next_report_opens(app: Flask, story: Story) -> None:
    (opening,) = feed(app, story.preparer).parts
    assert opening.text("SUMMARY") == "Usage report October 2026 opens (MER-1042)"
    assert opening.properties["DTSTART"] == "20261120T000000Z"


def test_a_submitted_report_leaves_the_calendar(app: Flask, story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, acting(story.preparer, report), AT)
    assert not any("due-" in one.properties["UID"] for one in feed(app, story.preparer).parts)


def test_a_distributor_sees_few_deadlines_one_by_one_and_many_as_one_a_day(app: Flask, story: Story) -> None:
    story.open(("40", None))
    (one,) = feed(app, story.reviewer).parts
    assert one.text("SUMMARY") == "Kestrel IT Services: usage report October 2026 due (MER-1042)"
    for _ in range(12):
        story.open_account()
    (day,) = feed(app, story.reviewer).parts
    assert day.text("SUMMARY") == "13 usage reports are due"
    assert day.properties["DTSTART;VALUE=DATE"] == "20261030"
    assert "and 3 more reports" in day.text("DESCRIPTION")


def test_reports_that_wait_for_more_than_three_days_are_one_event(app: Flask, story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, acting(story.preparer, report), AT)
    assert feed(app, story.reviewer).parts == []
    set_clock(app, AT + timedelta(days=4))
    (waiting,) = feed(app, story.reviewer).parts
    assert waiting.text("SUMMARY") == "1 usage report waits for your review"
    assert waiting.properties["DTSTART;VALUE=DATE"] == "20261025"


def test_nobody_sees_deadlines_of_others(app: Flask, story: Story) -> None:
    open_story(story)
    strangers = (member(organization(), Role.PREPARER), member(organization(is_distributor=True), Role.REVIEWER))
    assert [feed(app, stranger).parts for stranger in strangers] == [[], []]
    assert "MER-1042" in visitor(app).get(address(story.reviewer)).text


def test_it_is_written_in_the_members_language(app: Flask, story: Story) -> None:
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(locale="de"))
    open_story(story)
    assert "2.143,80" in feed(app, story.preparer).parts[0].text("DESCRIPTION")


def test_programs_are_told_what_it_is_and_get_no_cookie(app: Flask, story: Story) -> None:
    answer = visitor(app).get(address(story.preparer))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert read(answer.data).properties["METHOD"] == "PUBLISH"


@pytest.mark.parametrize("token", ["x", "..", "a" * 5000, "%00", "é"])
def test_a_wrong_address_is_not_found(app: Flask, story: Story, token: str) -> None:
    address(story.preparer)
    assert visitor(app).get(f"/calendar/{token}.ics").status_code == 404


def test_a_sign_in_does_not_open_somebodys_calendar(app: Flask, story: Story) -> None:
    assert sign_in(app, story.preparer).get("/calendar/x.ics").status_code == 404


def test_a_new_address_ends_the_one_before(app: Flask, story: Story) -> None:
    first, second = address(story.preparer), address(story.preparer)
    assert (visitor(app).get(first).status_code, visitor(app).get(second).status_code) == (404, 200)


def test_a_member_who_was_removed_or_disabled_has_no_calendar_from_the_next_request_on(
    app: Flask, story: Story
) -> None:
    path = address(story.preparer)
    assert visitor(app).get(path).status_code == 200
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(disabled_at=AT))
    assert visitor(app).get(path).status_code == 404
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(disabled_at=None))
    db.session.execute(update(Member).where(Member.id == story.preparer.member_id).values(removed_at=AT))
    assert visitor(app).get(path).status_code == 404


def test_who_was_removed_and_comes_back_has_no_calendar_until_they_make_another(app: Flask, story: Story) -> None:
    path, row = address(story.preparer), db.session.get_one(Member, story.preparer.member_id)
    others = address(story.reviewer)
    remove_member(row, AT)
    assert db.session.scalars(select(CalendarLink.member_id)).all() == [story.reviewer.member_id]
    add_member(row.organization, story.preparer.email, "", [Role.PREPARER], AT)
    assert visitor(app).get(path).status_code == 404
    assert {visitor(app).get(one).status_code for one in (address(story.preparer), others)} == {200}


def test_the_secret_is_nowhere_in_the_database(app: Flask, story: Story) -> None:
    token = make_link(story.preparer, AT)
    row = db.session.execute(select(CalendarLink.__table__)).one()
    assert token not in repr(row)


def test_its_use_is_noted_once_an_hour(app: Flask, story: Story) -> None:
    path = address(story.preparer)
    for minutes, noted in ((0, 0), (59, 0), (60, 60)):
        set_clock(app, AT + timedelta(minutes=minutes))
        visitor(app).get(path)
        db.session.expire_all()
        assert db.session.scalar(select(CalendarLink.last_used_at)) == AT + timedelta(minutes=noted)


def test_it_takes_no_more_queries_for_more_reports(app: Flask, story: Story) -> None:
    path = address(story.preparer)
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for number in range(2):
        for _ in range(1 + 5 * number):
            story.open_account(("400", "300"))
        asked.clear()
        visitor(app).get(path)
        counts.append(len(asked))
    assert counts[1] <= counts[0] <= 8
