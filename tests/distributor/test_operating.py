"""What whoever runs the service does by command: checking the mail server, handing links on, switching regions."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from distributor.database import db
from distributor.identity import operations as identity
from distributor.identity import queries
from distributor.identity.models import User
from tests.distributor.commands import Shell
from tests.distributor.delivery.smtp import FreePort, MailServer
from tests.factories import OPENED_AT, Story


@pytest.fixture
def email(shell: Shell) -> str:
    """The address of a preparer of an account in Europe of the type MSP."""
    with shell.service():
        return Story().preparer.email


@pytest.fixture
def mail_port() -> Iterator[int]:
    """A mail server that answers."""
    controller = FreePort(MailServer(), hostname="127.0.0.1", port=0)
    controller.start()
    yield controller.port
    controller.stop()


def test_checking_greets_the_mail_server(shell: Shell, mail_port: int) -> None:
    done = shell("check", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(mail_port))
    assert (done.code, "mail goes to 127.0.0.1" in done.closing) == (0, True)


def test_a_mail_server_that_does_not_answer_is_a_problem_with_a_way_out(shell: Shell) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # a port at which nobody listens
        port = str(closed.getsockname()[1])
        done = shell("check", MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
        as_json = shell("check", "--json", MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
    assert (done.code, done.closing) == (1, "Error: 1 problem found.")
    assert f"The mail server 127.0.0.1:{port} could not be used" in done.out
    assert "Check MAIL_SERVER, MAIL_PORT" in as_json.json["problems"][0]


def test_a_mail_server_that_wants_another_sign_in_is_a_problem(shell: Shell, mail_port: int) -> None:
    given = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(mail_port), "MAIL_USERNAME": "a", "MAIL_PASSWORD": "b"}
    done = shell("check", **given)
    assert (done.code, "could not be used" in done.out) == (1, True)


def test_a_new_link_is_printed_and_the_mailed_one_keeps_working(shell: Shell, email: str) -> None:
    with shell.service():
        mailed = identity.password_link(user_of(email), OPENED_AT, beside=True)
    done = shell("member", "link", "--email", email.upper(), "--json")
    assert set(done.json) == {"email", "set_password", "expires_at"}
    printed = done.json["set_password"].rpartition("/set-password/")[2]
    with shell.service():
        assert all(queries.living_link(token, OPENED_AT) for token in (mailed, printed))


def test_a_printed_link_works_once(shell: Shell, email: str) -> None:
    token = shell("member", "link", "--email", email, "--json").json["set_password"].rpartition("/")[2]
    with shell.service():
        assert identity.use_password_link(token, "a long enough password", OPENED_AT) is not None
        assert identity.use_password_link(token, "a long enough password", OPENED_AT) is None


def test_nobody_has_no_link(shell: Shell, email: str) -> None:
    done = shell("member", "link", "--email", "nobody@example.com")
    assert (done.code, "A member nobody@example.com does not exist" in done.closing) == (1, True)


def test_a_region_is_switched_off_and_on_by_command(shell: Shell, email: str) -> None:
    words = ["reporting", "--distributor", "Meridian Cloud Distribution", "--region", "Europe", "--type", "MSP"]
    off, on = shell(*words, "--off"), shell(*words, "--on", "--json")
    assert off.closing == "Usage reports of Europe, MSP are off for Meridian Cloud Distribution: 1 account."
    assert (on.json["usage_reports"], on.json["accounts"]) == (True, 1)


def test_switching_a_region_says_which_way_and_for_a_distributor(shell: Shell, email: str) -> None:
    where = ["--region", "Europe", "--type", "MSP"]
    assert shell("reporting", "--distributor", "Meridian Cloud Distribution", *where).code == 2
    msp = shell("reporting", "--distributor", "Kestrel IT Services", *where, "--off")
    assert (msp.code, msp.closing) == (1, "Error: Kestrel IT Services is no distributor.")


def user_of(email: str) -> User:
    found = queries.user_by_email(email)
    assert found is not None
    db.session.flush()
    return found
