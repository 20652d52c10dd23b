"""The way out: one SMTP connection for many mails, with a time-out, and a plain word on what became of each.

Flask-Mail builds the messages; its own connection has no time-out and pretends under TESTING, so it is not used.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import QP, Charset
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.utils import parseaddr
from types import TracebackType
from typing import Self
from uuid import UUID

from flask import current_app
from flask_mail import Message

from distributor import stored_sentences
from distributor.brands.queries import Look
from distributor.config import MailSettings, Settings
from distributor.delivery.rendering import LOGO, Mail

# Seconds that any one word to the mail server may take.
TIME_OUT = 10.0
LONGEST_NAME = 100
LONGEST_ERROR = 500
# Flask-Mail has UTF-8 go out unencoded, and mail servers refuse lines over 998 bytes (RFC 5321, 4.5.3.1.6).
QUOTED_UTF_8 = Charset("utf-8")
QUOTED_UTF_8.body_encoding = QP
AS_FOLDED = policy.SMTP.clone(refold_source="none")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a mail did not go out. `permanent`: trying again is of no use. `unreachable`: no other mail would go out
    either. `broken`: the connection is gone, perhaps because of this very mail.
    """

    error: str
    permanent: bool = False
    unreachable: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail on its way. `uid` is its row's in the outbox: every try carries the same Message-ID, so that doubles are
    known as such. `look`: in whose name it comes; without one it bears the name of the settings.
    """

    uid: UUID
    name: str
    address: str
    mail: Mail
    at: datetime
    look: Look | None = None


class OutboxMessage(Message):
    """Flask-Mail's message with its headers as they were folded: Python folds encoded names again, and breaks them.

    `logo` travels beside the HTML part that shows it.
    """

    logo: MIMEImage | None = None

    def as_bytes(self) -> bytes:
        return self._message().as_bytes(policy=AS_FOLDED)

    def _message(self) -> MIMEBase:
        whole = super()._message()
        return whole if self.logo is None else _with_logo(whole, self.logo)


class PostOffice:
    """The mail server of the settings; connects at the first mail, and again when it was cut off."""

    def __init__(self, settings: MailSettings, time_out: float = TIME_OUT) -> None:
        self.settings = settings
        self.time_out = time_out
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def send(self, envelope: Envelope) -> Failure | None:
        """Hand the mail over; None when the server took it."""
        try:
            address = mailable(envelope.address)
            content = message_of(envelope, self.settings.sender).as_bytes()
        except ValueError as error:
            return Failure((stored_sentences.UNADDRESSED % {"answer": error})[:LONGEST_ERROR], permanent=True)
        try:
            server = self._connected()
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return Failure(stored_sentences.UNREACHABLE % {"answer": said(error)}, unreachable=True)
        return self._hand_over(server, address, content)

    def greet(self) -> str | None:
        """Connect, encrypt and sign in as for a mail, without one; None when the server took it, else what it said."""
        try:
            self._connected().noop()
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return said(error)
        return None

    def _hand_over(self, server: smtplib.SMTP, address: str, content: bytes) -> Failure | None:
        try:
            server.sendmail(parseaddr(self.settings.sender)[1], [address], content)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = error.recipients[address]
            return Failure(stored_sentences.RECIPIENT_REFUSED % {"answer": answer(code, words)}, permanent=code >= 500)
        except smtplib.SMTPDataError as error:
            return Failure(stored_sentences.MESSAGE_REFUSED % {"answer": said(error)}, permanent=error.smtp_code >= 500)
        except smtplib.SMTPResponseException as error:
            return Failure(stored_sentences.SERVER_REFUSED % {"answer": said(error)})
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return Failure(stored_sentences.BROKEN_OFF % {"answer": said(error)}, broken=True)
        return None

    def _connected(self) -> smtplib.SMTP:
        if self._server is None or self._server.sock is None:
            self._server = connect(self.settings, self.time_out)
        return self._server

    def _hang_up(self) -> None:
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._server.close()
        self._server = None


def post_office(time_out: float = TIME_OUT) -> PostOffice | None:
    """The post office of the running application; None where no mail server is set."""
    settings: Settings = current_app.config["SETTINGS"]
    return PostOffice(settings.mail, time_out) if settings.mail.server else None


def connect(settings: MailSettings, time_out: float) -> smtplib.SMTP:
    """A connection that is encrypted and signed in as the settings say. Raises SMTPException and OSError."""
    host = settings.server or ""
    if settings.use_ssl:
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, settings.port, timeout=time_out, context=context)
    else:
        server = smtplib.SMTP(host, settings.port, timeout=time_out)
    try:
        if settings.use_tls and not settings.use_ssl:
            server.starttls(context=ssl.create_default_context())
        if settings.username and settings.password:
            server.login(settings.username, settings.password)
    except BaseException:
        server.close()
        raise
    return server


def message_of(envelope: Envelope, sender: str) -> OutboxMessage:
    """The message with both parts. Names and subjects lose line breaks, so that nobody writes headers of their own."""
    mail, look = envelope.mail, envelope.look
    message = OutboxMessage(
        subject=one_line(mail.subject),
        recipients=[(one_line(envelope.name)[:LONGEST_NAME], one_line(envelope.address))],
        body=mail.text,
        html=mail.html,
        sender=_sender(look, sender),
        reply_to=mailable(look.reply_to) if look and look.reply_to else None,
        date=envelope.at.timestamp(),
        charset=QUOTED_UTF_8,  # type: ignore[arg-type]  # handed on to MIMEText, which takes either
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    message.msgId = message_id(envelope.uid, sender)
    message.logo = _logo(look, mail)
    return message


def _sender(look: Look | None, sender: str) -> str | tuple[str, str]:
    """The distributor's name before the service's own address: only that one passes SPF and DKIM."""
    address = parseaddr(one_line(sender))[1]
    return (one_line(look.name)[:LONGEST_NAME], address) if look else one_line(sender)


def _logo(look: Look | None, mail: Mail) -> MIMEImage | None:
    if look is None or look.logo is None or look.logo_type is None or f"cid:{LOGO}" not in mail.html:
        return None
    kind = look.logo_type.partition("/")[2]
    image = MIMEImage(look.logo, kind)
    image.add_header("Content-ID", f"<{LOGO}>")
    image.add_header("Content-Disposition", "inline", filename=f"logo.{kind}")
    return image


def _with_logo(whole: MIMEBase, logo: MIMEImage) -> MIMEBase:
    """The HTML part becomes one with its picture (RFC 2387): no mail program then lists the picture as a file."""
    html = next(part for part in whole.walk() if part.get_content_type() == "text/html")
    alternative = next(part for part in whole.walk() if part.get_content_type() == "multipart/alternative")
    related = MIMEMultipart("related", type="text/html")
    related.attach(html)
    related.attach(logo)
    parts = [part for part in alternative.walk() if part.get_content_type() == "text/plain"]
    alternative.set_payload([*parts, related])
    return whole


def message_id(uid: UUID, sender: str) -> str:
    """One and the same for every try at delivering a row of the outbox."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{uid}@{domain}>"


def mailable(address: str) -> str:
    """The address as SMTP takes it: an international domain in its ASCII form. Raises ValueError."""
    local, separator, domain = one_line(address).rpartition("@")
    if not (local and separator and domain) or not local.isascii():
        raise ValueError(f"“{address[:100]}” is no address that mail servers take.")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def one_line(text: str) -> str:
    """`text` without line breaks and other control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def said(error: Exception) -> str:
    """What went wrong, in the mail server's words where it spoke."""
    if isinstance(error, smtplib.SMTPResponseException):
        return answer(error.smtp_code, error.smtp_error)
    return (str(error) or type(error).__name__)[:LONGEST_ERROR]


def answer(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return f"{code} {one_line(text)}"[:LONGEST_ERROR]
