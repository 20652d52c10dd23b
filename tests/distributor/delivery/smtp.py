"""A real SMTP server on a loopback port that answers as a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import Row, select

from distributor.database import db
from distributor.delivery.models import Notification

ACCEPT = "250 OK"
HANG = "hang"
CUT = "cut"


@dataclass
class MailServer:
    """What it received, and the answers it gives to the next recipients and messages; after those it accepts."""

    to_recipients: list[str] = field(default_factory=list)
    to_messages: list[str] = field(default_factory=list)
    received: list[EmailMessage] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.received]

    @property
    def recipients(self) -> list[str]:
        return [message["To"].addresses[0].addr_spec for message in self.received]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.to_recipients.pop(0) if self.to_recipients else ACCEPT
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == ACCEPT:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = self.to_messages.pop(0) if self.to_messages else ACCEPT
        if answer in {ACCEPT, CUT}:
            content = envelope.content
            assert isinstance(content, bytes)
            self.received.append(message_from_bytes(content, policy=policy.default))
        if answer == CUT:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer if answer != CUT else ACCEPT


class FreePort(Controller):
    """A controller that knows which port it was given."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's


@contextmanager
def mail_server(app: Flask, login: dict[str, Any] | None = None, **settings: Any) -> Iterator[MailServer]:
    """A running server that the application's settings name; `login` are aiosmtpd's own arguments about signing in."""
    handler = MailServer()
    controller = FreePort(handler, hostname="127.0.0.1", port=0, **(login or {}))
    controller.start()
    try:
        use(app, server="127.0.0.1", port=controller.port, **settings)
        yield handler
    finally:
        controller.stop()


def use(app: Flask, **mail: Any) -> None:
    """Change the mail settings of a running application."""
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(settings, mail=replace(settings.mail, **mail))


def waiting() -> Row[Any]:
    """The one mail in the outbox."""
    return db.session.execute(select(Notification.__table__)).one()
