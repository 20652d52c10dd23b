"""The brand's pages: who may see them, what they refuse, and that every mail can be looked at in every language."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from sqlalchemy import event, select

from distributor.brands.models import Brand
from distributor.brands.queries import look_of
from distributor.brands.samples import KINDS
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.operations import Delivered, deliver
from distributor.languages import LANGUAGES
from tests.clients import sign_in, visitor
from tests.distributor.brands.files import chunk, png
from tests.distributor.delivery.gallery import open_story
from tests.distributor.delivery.smtp import mail_server
from tests.factories import OPENED_AT, Story, member, organization
from workflows.usage_report import Role

GOOD = {"name": "Meridian", "colour": "#0B6E4F", "reply_to": "usage@meridian.example", "footer": "Dublin\r\nIreland"}
PAGES = ("/brand", "/brand/preview", "/brand/preview/mail", "/brand/contrast?colour=%23000000", "/brand/logo")
FORMS = ("/brand", "/brand/logo", "/brand/logo/remove", "/brand/preview/send")


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: OPENED_AT
    return Story(number="MER-1042")


def upload(content: bytes) -> dict[str, object]:
    return {"logo": (io.BytesIO(content), "logo.png")}


def test_only_a_distributors_admin_gets_in(app: Flask, story: Story) -> None:
    readers = {
        404: [story.preparer, member(story.msp, Role.ADMIN)],
        403: [story.reviewer, member(story.distributor, Role.VIEWER)],
    }
    for status, people in readers.items():
        for person in people:
            browser = sign_in(app, person)
            assert {browser.get(path).status_code for path in PAGES} == {status}
            assert {browser.post(path, data=GOOD).status_code for path in FORMS} == {status}
    assert visitor(app).get("/brand").status_code == 302
    assert db.session.scalars(select(Brand)).all() == []


def test_a_brand_is_kept_and_shown_again(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    assert browser.post("/brand", data=GOOD).status_code == 302
    look = look_of(story.distributor.id)
    assert look is not None
    assert (look.name, look.colour, look.reply_to) == ("Meridian", "#0b6e4f", "usage@meridian.example")
    assert look.footer == "Dublin\nIreland"
    assert 'value="#0b6e4f"' in browser.get("/brand").text


def test_another_distributor_changes_only_its_own(app: Flask, story: Story) -> None:
    other = member(organization("Other", is_distributor=True), Role.ADMIN)
    sign_in(app, other).post("/brand", data=GOOD)
    look = look_of(story.distributor.id)
    assert look is not None
    assert look.name == story.distributor.name


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "1 to 100 characters on one line"),
        ({"name": "Meridian\r\nBcc: all@example.com"}, "1 to 100 characters on one line"),
        ({"colour": "blue"}, "six digits"),
        ({"colour": "#77aaff"}, "has a contrast of 2.3; it takes 4.5"),
        ({"reply_to": "a@example.com\r\nBcc: all@example.com"}, "one e-mail address"),
        ({"reply_to": "a@example.com, b@example.com"}, "one e-mail address"),
        ({"reply_to": "Name <a@example.com>"}, "one e-mail address"),
        ({"reply_to": "nobody"}, "one e-mail address"),
        ({"footer": "x" * 1001}, "at most 1000 characters"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_stays_typed(
    app: Flask, story: Story, wrong: dict[str, str], said: str
) -> None:
    refused = sign_in(app, story.admin).post("/brand", data={**GOOD, **wrong})
    assert refused.status_code == 422
    assert said in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert "Ireland" in refused.text or "xxx" in refused.text
    assert db.session.scalars(select(Brand)).all() == []


def test_a_refused_colour_comes_with_the_nearest_that_is_taken(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    refused = browser.post("/brand", data={**GOOD, "colour": "#77aaff"})
    (nearest,) = set(re.findall(r"nearest colour that can be read is (#[0-9a-f]{6})", refused.text))
    assert browser.post("/brand", data={**GOOD, "colour": nearest}).status_code == 302


def test_the_contrast_of_a_colour_is_told_while_it_is_chosen(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    assert "Contrast 21: everybody" in browser.get("/brand/contrast?colour=%23000000").text
    assert "too little, it takes 4.5" in browser.get("/brand/contrast?colour=%23ffff00").text
    assert "six digits" in browser.get("/brand/contrast?colour=%3Cb%3E").text


def test_a_logo_is_kept_clean_and_served_as_what_it_is(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    sent = browser.post("/brand/logo", data=upload(png(60, 20, chunk(b"tEXt", b"Author\0me"))))
    assert sent.status_code == 302
    answer = browser.get("/brand/logo")
    assert (answer.data, answer.mimetype) == (png(60, 20), "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    browser.post("/brand/logo/remove")
    assert browser.get("/brand/logo").status_code == 404


def test_a_file_that_is_no_logo_changes_nothing(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    browser.post("/brand/logo", data=upload(png(60, 20)))
    refused = browser.post("/brand/logo", data=upload(b"<svg><script>alert(1)</script></svg>"))
    assert refused.status_code == 422
    assert "this file is neither PNG nor JPEG" in refused.text
    assert browser.get("/brand/logo").data == png(60, 20)


@pytest.mark.parametrize("with_reports", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_can_be_looked_at_in_every_language(
    app: Flask, story: Story, language: str, with_reports: bool
) -> None:
    if with_reports:
        open_story(story)
    browser = sign_in(app, story.admin)
    for key in KINDS:
        page = browser.get(f"/brand/preview?mail={key}&language={language}")
        mail = browser.get(f"/brand/preview/mail?mail={key}&language={language}")
        assert (page.status_code, mail.status_code) == (200, 200), key
        assert f'lang="{language}"' in mail.text
        assert ("Shannon Freight Group" in mail.text) <= with_reports


def test_the_samples_are_of_the_distributors_own_newest_report(app: Flask, story: Story) -> None:
    open_story(story)
    assert "MER-1042" in sign_in(app, story.admin).get("/brand/preview?mail=rejected-msp").text
    other = member(organization("Other", is_distributor=True), Role.ADMIN)
    assert "MER-1042" not in sign_in(app, other).get("/brand/preview?mail=rejected-msp").text


def test_the_framed_mail_can_do_nothing(app: Flask, story: Story) -> None:
    policy = sign_in(app, story.admin).get("/brand/preview/mail").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script-src" not in policy
    assert "allow-scripts" not in policy


def test_unknown_mails_and_languages_are_not_found(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    assert browser.get("/brand/preview?mail=gossip").status_code == 404
    assert browser.get("/brand/preview?language=tlh").status_code == 404


def test_the_pages_take_a_fixed_handful_of_queries(app: Flask, story: Story) -> None:
    open_story(story)
    browser = sign_in(app, story.admin)
    browser.get("/brand")
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for page in ("/brand", "/brand/preview"):
        asked.clear()
        browser.get(page)
        assert len(asked) <= 8


def test_a_test_mail_goes_to_oneself_alone_and_carries_the_brand(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    browser.post("/brand", data=GOOD)
    browser.post("/brand/logo", data=upload(png(60, 20)))
    with mail_server(app) as server:
        assert browser.post("/brand/preview/send?mail=approved-msp&language=en").status_code == 302
        assert deliver(OPENED_AT) == Delivered(sent=1)
    (mail,) = server.received
    assert server.recipients == [story.admin.email]
    assert mail["Subject"].startswith("Test: ")
    assert (mail["From"].addresses[0].display_name, mail["Reply-To"]) == ("Meridian", "usage@meridian.example")
    assert "Ireland" in str(mail)


def test_a_test_of_the_invitation_holds_no_living_link(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.admin)
    with mail_server(app) as server:
        browser.post("/brand/preview/send?mail=password_link-msp")
        deliver(OPENED_AT)
    html = server.received[0].get_body(("html",))
    assert html is not None
    assert "/set-password/…" in html.get_content()
    assert "Test e-mail" in browser.get("/notifications").text
    assert db.session.scalars(select(Notification.event)).all() == ["test"]
