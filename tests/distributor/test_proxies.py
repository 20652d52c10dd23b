"""Who is really asking: the word of a proxy counts where it was named as trusted, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from distributor.config import SettingError, load
from distributor.database import db
from distributor.identity import operations, queries
from distributor.identity.current import public
from distributor.identity.models import WebSession
from tests import clients
from tests.factories import Story

PROXIES = load({"TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8:1::/48 192.0.2.1", "DISTRIBUTOR_HOME": "/tmp"}).trusted_proxies
PASSWORD = "correct horse battery"


@public
def who() -> ResponseReturnValue:
    return jsonify(address=request.remote_addr, scheme=request.scheme, host=request.host, kept=dict(request.headers))


@pytest.fixture
def app(new_app: Flask) -> Flask:
    """Routes are added to it."""
    return new_app


@pytest.fixture
def behind(app: Flask) -> Flask:
    """A service that trusts two networks and one address."""
    app.wsgi_app.trusted = PROXIES  # type: ignore[attr-defined]  # our own middleware
    app.add_url_rule("/probe", "probe", who)
    return app


def seen(app: Flask, peer: str, **headers: str) -> dict[str, str]:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = clients.visitor(app).get("/probe", headers=named, environ_base={"REMOTE_ADDR": peer})
    assert answer.json is not None
    return dict(answer.json)


@pytest.mark.parametrize(
    ("peer", "chain", "address"),
    [
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("192.0.2.1", "198.51.100.1, 203.0.113.9, 10.9.9.9,2001:db8:1::5", "203.0.113.9"),
        ("10.1.2.3", "2001:db8:2::7", "2001:db8:2::7"),
        ("10.1.2.3", "[2001:DB8:2:0::7]:4711", "2001:db8:2::7"),
        ("10.1.2.3", "203.0.113.9:4711", "203.0.113.9"),
        ("::ffff:10.1.2.3", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "10.4.4.4, 10.9.9.9", "10.4.4.4"),
    ],
)
def test_the_caller_is_the_nearest_that_is_no_proxy_of_ours(behind: Flask, peer: str, chain: str, address: str) -> None:
    assert seen(behind, peer, X_Forwarded_For=chain)["address"] == address


@pytest.mark.parametrize("peer", ["203.0.113.66", "192.0.2.2", "2001:db8:2::1", "::1"])
def test_anybody_else_may_say_what_they_like(behind: Flask, peer: str) -> None:
    said = seen(behind, peer, X_Forwarded_For="10.0.0.1", X_Forwarded_Proto="https", X_Forwarded_Host="evil.example")
    assert (said["address"], said["scheme"], said["host"]) == (peer, "http", "localhost")
    assert "X-Forwarded-For" not in said["kept"]


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("127.0.0.1, 203.0.113.66", "203.0.113.66"),
        ("10.0.0.1, 203.0.113.66, 10.9.9.9", "203.0.113.66"),
        ("203.0.113.9, garbage", "10.1.2.3"),
        ("203.0.113.9, garbage, 10.9.9.9", "10.9.9.9"),
        ("", "10.1.2.3"),
        (",,,", "10.1.2.3"),
        ("999.1.1.1", "10.1.2.3"),
        ("unknown", "10.1.2.3"),
        ("203.0.113.9," + "10.0.0.1," * 5_000 + "10.0.0.2", "10.0.0.1"),
        ("203.0.113.9\t' OR 1=1 --", "10.1.2.3"),
        ("fe80::1%eth0\x00", "10.1.2.3"),
    ],
)
def test_what_a_caller_put_in_front_of_the_chain_is_never_reached(behind: Flask, chain: str, address: str) -> None:
    answer = clients.visitor(behind).get(
        "/probe", environ_base={"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_FOR": chain}
    )
    assert answer.json is not None
    assert answer.json["address"] == address


def test_a_trusted_proxy_names_scheme_and_host(behind: Flask) -> None:
    said = seen(behind, "10.1.2.3", X_Forwarded_Proto="http, https", X_Forwarded_Host="usage.example.com:8443")
    assert (said["scheme"], said["host"]) == ("https", "usage.example.com:8443")


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "", "[::1", "x" * 300])
def test_a_scheme_or_host_that_is_none_is_not_believed(behind: Flask, host: str) -> None:
    said = seen(behind, "10.1.2.3", X_Forwarded_Proto="javascript", X_Forwarded_Host=host)
    assert (said["scheme"], said["host"]) == ("http", "localhost")


def test_a_service_without_proxies_believes_nobody(app: Flask) -> None:
    app.add_url_rule("/probe", "probe", who)
    assert seen(app, "127.0.0.1", X_Forwarded_For="203.0.113.9")["address"] == "127.0.0.1"


def test_a_sign_in_remembers_the_real_address(behind: Flask) -> None:
    member = Story().preparer
    operations.set_password(queries.user(member.user_id), PASSWORD)
    form = {"email": member.email, "password": PASSWORD}
    forwarded = {"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_FOR": "10.0.0.1, 203.0.113.9"}
    assert clients.visitor(behind).post("/sign-in", data=form, environ_base=forwarded).status_code == 302
    assert db.session.scalars(select(WebSession.address)).one() == "203.0.113.9"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "proxy.example", "0.0.0.0/0", "10.0.0.0/8 ::/0"])
def test_a_wrong_setting_is_one_sentence_at_start(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="^TRUSTED_PROXIES"):
        load({"TRUSTED_PROXIES": text, "DISTRIBUTOR_HOME": str(tmp_path)})


def test_a_wrong_rate_is_one_sentence_at_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^RATE_LIMITS .*, not api=many\. What can be limited: sign-in,"):
        load({"RATE_LIMITS": "api=many", "DISTRIBUTOR_HOME": str(tmp_path)})
