"""In whose name mails come: name, reply address, colour, footer and logo of the distributor, over a real server."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import insert, select

from distributor.brands.models import Brand
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.operations import Delivered, deliver, tell_to_set_password
from distributor.delivery.rendering import rendered
from tests.distributor.brands.files import png
from tests.distributor.delivery.smtp import MailServer
from tests.factories import OPENED_AT, Story, member, organization
from workflows.usage_report import Role, Side


def brand(story: Story, **values: object) -> None:
    plain = {"name": "Meridian Cloud", "colour": "#0b6e4f", "updated_at": OPENED_AT}
    db.session.execute(insert(Brand).values(distributor_id=story.distributor.id, **{**plain, **values}))
    db.session.commit()


def test_without_a_brand_mails_come_in_the_distributors_name(story: Story, server: MailServer) -> None:
    deliver(OPENED_AT)
    sender = server.received[0]["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Meridian Cloud Distribution", "usage@example.com")
    assert server.received[0]["Reply-To"] is None


def test_a_brand_gives_name_reply_address_colour_and_footer(story: Story, server: MailServer) -> None:
    brand(story, reply_to="usage@meridian.example", footer="Registered in Ireland")
    deliver(OPENED_AT)
    (mail,) = server.received
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert mail["From"].addresses[0].display_name == "Meridian Cloud"
    assert mail["Reply-To"] == "usage@meridian.example"
    assert "Registered in Ireland" in text.get_content()
    assert "Questions? Reply to this e-mail" in text.get_content()
    assert "background: #0b6e4f" in html.get_content()


def test_the_logo_travels_inside_the_html_part(story: Story, server: MailServer) -> None:
    brand(story, logo=png(60, 20), logo_type="image/png")
    assert deliver(OPENED_AT) == Delivered(sent=1)
    (mail,) = server.received
    kinds = [part.get_content_type() for part in mail.walk()]
    (image,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert kinds[1:] == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    assert image.get_payload(decode=True) == png(60, 20)
    html = mail.get_body(("html",))
    assert html is not None
    assert f"cid:{image['Content-ID'].strip('<>')}" in html.get_content()


def test_a_name_that_got_in_with_line_breaks_writes_no_header(story: Story, server: MailServer) -> None:
    brand(story, name="Eve\r\nBcc: all@example.com")
    deliver(OPENED_AT)
    assert server.received[0]["Bcc"] is None
    assert server.recipients == [story.preparer.email]


def test_a_reply_address_that_got_in_wrong_stops_the_mail_with_a_sentence(story: Story, server: MailServer) -> None:
    brand(story, reply_to="jürgen@example.com")
    assert deliver(OPENED_AT) == Delivered(given_up=1)
    assert "no address that mail servers take" in str(db.session.scalar(select(Notification.last_error)))


def test_an_invitation_comes_from_the_distributor_that_invites(story: Story, server: MailServer) -> None:
    brand(story)
    contact = member(story.msp, Role.PREPARER)
    tell_to_set_password(contact.user_id, story.msp.id, Side.MSP, OPENED_AT, invited_by=story.distributor.id)
    db.session.commit()
    deliver(OPENED_AT)
    assert {mail["From"].addresses[0].display_name for mail in server.received} == {"Meridian Cloud"}


def test_a_company_that_invites_its_own_people_speaks_as_the_service(app: Flask, server: MailServer) -> None:
    msp = organization("Kestrel IT Services")
    contact = member(msp, Role.PREPARER)
    tell_to_set_password(contact.user_id, msp.id, Side.MSP, OPENED_AT)
    db.session.commit()
    deliver(OPENED_AT)
    assert server.received[0]["From"].addresses[0].display_name == "Distributor"


@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_class_of_the_html_carries_its_style(story: Story, locale: str) -> None:
    row = db.session.execute(select(Notification.__table__)).one()
    html = rendered(row).html
    body = html[html.index("<body") :]
    assert body.count("class=") == body.count("style=") + body.count('class="plate"')
    assert "var(" not in body
    assert "prefers-color-scheme: dark" in html
