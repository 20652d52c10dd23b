"""What mails say: every event in text and HTML, true at the time, in the account's time zone, with what it costs."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from sqlalchemy import Row, event, select, update

from distributor.config import data_folder
from distributor.database import db
from distributor.delivery.events import PERSONAL
from distributor.delivery.models import Notification
from distributor.delivery.rendering import PAGE, Mail, known_locale, rendered
from distributor.identity.acting import acting, system
from distributor.identity.models import User
from distributor.usage_reports.notifications import AUDIENCES
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.operations.recording import notify
from tests.distributor.delivery.gallery import open_story, written_mails
from tests.factories import OPENED_AT, Story, customer, product, usage
from workflows.usage_report import Side

EVERY_KIND = {(event, str(audience.side)) for event, told in AUDIENCES.items() for audience in told}


AN_ID = "00000000-0000-4000-8000-000000000000"


class Words(HTMLParser):
    """The text a reader sees, and the addresses of links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]

    def handle_data(self, data: str) -> None:
        if self._within not in {"style", "title"}:
            self.seen.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.seen).split())


def mail_of(event: str) -> Mail:
    """The newest mail of an event."""
    query = select(Notification.__table__).where(Notification.event == event).order_by(Notification.id.desc()).limit(1)
    return rendered(db.session.execute(query).one())


def test_every_event_has_its_words_for_both_sides(app: Flask) -> None:
    mails = written_mails()
    assert set(mails) == EVERY_KIND | {("password_link", "msp")}
    for (event_name, side), mail in mails.items():
        words = Words(mail.html)
        page = "set-password" if event_name == "password_link" else PAGE[Side(side)]
        assert words.links[0].startswith(f"http://127.0.0.1:8000/{page}/")
        (button, *_) = words.links
        assert button in mail.text
        assert " ".join(mail.text.splitlines()[0].split()) in words.text


def test_text_and_html_say_the_same(app: Flask) -> None:
    for mail in written_mails().values():
        html = set(Words(mail.html).text.replace("\u2002", " ").split())
        plain = {word.strip(":,") for word in mail.text.split() if not word.startswith("http")}
        layout = {"", "--", *(f"{number}." for number in range(1, 11))}
        assert plain - layout <= {word.strip(":,") for word in html}


def test_each_folder_of_mails_is_an_event_that_somebody_hears_of() -> None:
    folders = {path.parent.name for path in Path(data_folder("templates"), "email").glob("*/words.txt")}
    assert folders == {*AUDIENCES, *PERSONAL}


def test_the_notifications_page_has_a_label_for_every_event(app: Flask) -> None:
    source = "{% from 'delivery/words.html' import event_label %}{{ event_label(event) }}"
    labels = [render_template_string(source, event=event).strip() for event in (*AUDIENCES, *PERSONAL)]
    assert all(labels)


def test_opening_says_by_when_and_what_it_costs_to_do_nothing(app: Flask) -> None:
    open_story(Story(number="MER-1042", time_zone="Europe/Dublin"))
    mail = mail_of("opened")
    said = " ".join(mail.text.split())
    assert "Submit by Fri 30 Oct 2026, end of day (Dublin)." in said
    assert "submitted automatically on Sat 31 Oct 2026 at 00:00 GMT." in said
    assert "€\u00a0409.50 more, €\u00a02,553.30 in all" in mail.text.replace("\n", " ")
    assert "You report 300, If left as is 400, Extra cost €\u00a0285.00" in mail.text


def test_names_are_escaped_in_html_and_plain_in_text(app: Flask) -> None:
    open_story(Story())
    mail = mail_of("opened")
    assert "Brú Dental <Clinic> & Co" in mail.text
    assert "<Clinic>" not in mail.html
    assert "Brú Dental <Clinic> & Co" in unescape(mail.html)


def test_at_most_ten_lines_are_listed_and_the_rest_is_counted_with_its_cost(app: Flask) -> None:
    story = Story()
    one = product(story.distributor, price="1.00")
    usage(story.account, [(customer(story.account, f"Customer {n:02}"), one, "10", "9") for n in range(13)])
    story.open_cycle()
    mail = mail_of("opened")
    assert "10. " in mail.text
    assert "11. " not in mail.text
    assert "and 3 more lines" in mail.text
    assert "€\u00a013.00 more" in mail.text


def test_a_rejection_shows_the_reason_the_notes_and_what_the_msp_charged(app: Flask) -> None:
    story = Story()
    report = open_story(story)
    automatic.submit_automatically([report], system(), report.due_at)
    report = story.report(report)
    flagged = next(line for line in story.lines(report) if line.customer_name == "Shannon Freight Group")
    by = acting(story.reviewer, report)
    steps.reject(report, by, report.due_at, reason="One line.\nSee the note.", notes={flagged.uid: "Send the order."})
    text_part = mail_of("rejected").text
    assert "  One line.\n  See the note." in text_part
    assert "Provisioned 400, You charged 300\n   Note: Send the order." in text_part
    assert "Correct 1 line:" in text_part


def test_a_mail_that_is_late_says_that_the_report_has_moved_on_and_asks_for_nothing(app: Flask) -> None:
    story = Story()
    report = open_story(story)
    automatic.submit_automatically([report], system(), report.due_at)
    said = mail_of("opened").text
    assert "The report has moved on since." in said
    assert "Submit by" not in said
    assert "comment" not in said
    assert "Shannon" not in said


def test_the_links_in_mails_are_pages_of_the_service(app: Flask) -> None:
    urls = app.url_map.bind("127.0.0.1")
    for path in ("/notifications", "/set-password/x", f"/reports/{AN_ID}", f"/review/{AN_ID}"):
        assert urls.test(path, "GET"), path


@pytest.mark.parametrize(
    ("given", "known"), [("de-AT", "de_AT"), ("en", "en"), ("tlh", "en"), ("", "en"), ("x" * 300, "en")]
)
def test_an_unknown_language_never_stops_a_mail(given: str, known: str) -> None:
    assert known_locale(given) == known


def test_numbers_and_dates_are_written_in_the_recipients_language(app: Flask) -> None:
    story = Story()
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(locale="de"))
    open_story(story)
    mail = mail_of("opened")
    assert "2.143,80" in mail.text
    assert 'lang="de"' in mail.html


def test_a_mail_takes_few_queries_whatever_the_number_of_lines(app: Flask) -> None:
    open_story(Story())
    row = db.session.execute(select(Notification.__table__).limit(1)).one()
    assert count_queries(row) <= 5


def count_queries(row: Row[Any]) -> int:
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    rendered(row)
    return len(seen)


def test_a_nil_report_that_nobody_submitted_is_called_an_estimate(app: Flask) -> None:
    story = Story()
    report = story.open()
    automatic.submit_due([report.id], report.due_at, system())
    mail = mail_of("auto_submitted")
    assert mail.subject.endswith("submitted automatically as a nil report")
    assert "nil report, without a single line: an estimate, which may require review" in " ".join(mail.text.split())
    assert "explained" not in mail.text


@pytest.mark.parametrize(
    ("left", "badge"),
    [
        ({"days": 7}, "7 days left"),
        ({"days": 1}, "1 day left"),
        ({"hours": 4}, "4 hours left"),
        ({"minutes": 20}, "Less than an hour left"),
    ],
)
def test_a_reminder_says_how_long_is_left_when_it_goes_out(app: Flask, left: dict[str, float], badge: str) -> None:
    report = open_story(Story())
    automatic.remind(report.due_at - timedelta(days=3))
    row = db.session.execute(select(Notification.__table__).where(Notification.event == "reminder")).one()
    assert badge in Words(rendered(row, at=report.due_at - timedelta(**left)).html).text


def test_a_reminder_by_a_person_says_who_asks(app: Flask) -> None:
    report = open_story(Story())
    details = {"due_at": report.due_at.isoformat(), "reminded_by": "Tomás Keane"}
    notify([report.id], "reminder", ["nudge:1"], [details], OPENED_AT)
    said = " ".join(mail_of("reminder").text.split())
    assert "Tomás Keane of Meridian Cloud Distribution asks you to submit the usage report of Kestrel" in said


def test_the_footer_says_what_as_whom_and_where_to_change_that(app: Flask) -> None:
    open_story(Story(number="MER-1042"))
    said = " ".join(mail_of("opened").text.split())
    assert "Account MER-1042, report total €\u00a02,143.80, version 1." in mail_of("opened").text.replace("\n", " ")
    assert "You receive this as a preparer of Kestrel IT Services." in said
    assert "Change notifications: http://127.0.0.1:8000/profile#notifications" in said
    assert "Questions? Ask the reviewers at Meridian Cloud Distribution." in said


def test_no_line_of_the_text_is_longer_than_sixty_signs_but_for_links(app: Flask) -> None:
    for mail in written_mails().values():
        assert all(len(line) <= 64 for line in mail.text.splitlines() if "http" not in line), mail.text
