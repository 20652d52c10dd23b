"""A real OpenID provider on a loopback port: discovery, keys, authorization with PKCE, tokens, signing out.

Tests tell it whom to vouch for, and what to do wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from werkzeug.serving import make_server

from tests.journeys.site import POLL_SECONDS, Quiet

CLIENT_ID, CLIENT_SECRET = "distributor", "kept-by-both~sides"


@cache
def first_key() -> RSAKey:
    """Made once: making one takes longer than most tests."""
    return RSAKey.generate_key(2048, {"kid": "first"})


@dataclass
class Person:
    """Whom the provider vouches for."""

    subject: str
    email: str
    email_verified: object = True


@dataclass
class Provider:
    """The provider's state. `claims` are put over those of the next tokens; None takes one away."""

    clock: Callable[[], datetime]
    url: str = ""
    person: Person | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    signing_key: Any = field(default_factory=first_key)
    listed_keys: list[Any] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    answers: dict[str, Callable[[], ResponseReturnValue]] = field(default_factory=dict)

    def rotate(self, kid: str = "second") -> None:
        """Sign with a new key from now on, and list that one only."""
        self.signing_key = RSAKey.generate_key(2048, {"kid": kid})

    def sign_with_ec(self) -> None:
        self.algorithm, self.signing_key = "ES256", ECKey.generate_key("P-256", {"kid": "curve"})

    def described(self) -> dict[str, Any]:
        endpoints = {
            "authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys",
            "end_session_endpoint": "/logout",
        }  # fmt: skip
        plain = {
            "issuer": self.url,
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "code_challenge_methods_supported": ["S256"],
            **{name: self.url + path for name, path in endpoints.items()},
        }
        return {name: value for name, value in {**plain, **self.document}.items() if value is not None}

    def id_token(self, asked: dict[str, str], access_token: str) -> str:
        assert self.person is not None
        at = int(self.clock().timestamp())
        said = {
            "iss": self.url, "sub": self.person.subject, "aud": CLIENT_ID, "nonce": asked["nonce"], "iat": at,
            "exp": at + 300, "auth_time": at, "email": self.person.email, "at_hash": half_hash(access_token),
            "email_verified": self.person.email_verified,
        }  # fmt: skip
        claims = {name: value for name, value in {**said, **self.claims}.items() if value is not None}
        return self.sign(claims)

    def sign(self, claims: dict[str, Any]) -> str:
        if self.algorithm == "none":
            return unsigned(claims)
        header = {"alg": self.algorithm, "kid": self.signing_key.kid}
        return jwt.encode(header, claims, self.signing_key, algorithms=[self.algorithm])

    def use_shared_secret(self) -> None:
        """Sign with a secret that both sides know, where a key pair is asked for."""
        self.listed_keys = [self.signing_key]
        self.algorithm, self.signing_key = "HS256", OctKey.import_key(CLIENT_SECRET * 4, {"kid": "first"})

    def note(self) -> ResponseReturnValue | None:
        self.fetched.append(request.path)
        answer = self.answers.get(request.path)
        return answer() if answer else None

    def keys(self) -> Response:
        listed = self.listed_keys or [self.signing_key]
        return jsonify(keys=[{**key.as_dict(private=False), "use": "sig"} for key in listed])

    def authorize(self) -> ResponseReturnValue:
        """Send the browser back at once, as for a person who is signed in here."""
        asked = dict(request.args)
        self.asked.append(asked)
        if self.person is None:
            answer = {"error": "access_denied", "state": asked["state"]}
        else:
            answer = {"code": secrets.token_urlsafe(16), "state": asked["state"], "iss": self.url}
            self.codes[answer["code"]] = asked
        return redirect(f"{asked['redirect_uri']}?{urlencode(answer)}")

    def token(self) -> ResponseReturnValue:
        """Tokens for a code, which works once."""
        asked = self.codes.pop(request.form["code"], None)
        if request.authorization is None or request.authorization.password != CLIENT_SECRET:
            return jsonify(error="invalid_client", error_description="<script>no</script>"), 401
        if asked is None or not proves(asked, request.form["code_verifier"]):
            return jsonify(error="invalid_grant", error_description="<script>no</script>"), 400
        access_token = secrets.token_urlsafe(16)
        return jsonify(access_token=access_token, token_type="Bearer", id_token=self.id_token(asked, access_token))


def half_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


def unsigned(claims: dict[str, Any]) -> str:
    parts = [json.dumps(one).encode() for one in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


def application(provider: Provider) -> Flask:
    """The provider's pages."""
    app = Flask("oidc_provider")
    app.before_request(provider.note)
    app.add_url_rule("/.well-known/openid-configuration", view_func=lambda: jsonify(provider.described()), endpoint="a")
    app.add_url_rule("/keys", view_func=provider.keys)
    app.add_url_rule("/authorize", view_func=provider.authorize)
    app.add_url_rule("/token", view_func=provider.token, methods=["POST"])
    app.add_url_rule("/logout", view_func=lambda: redirect(request.args["post_logout_redirect_uri"]), endpoint="b")
    return app


def proves(asked: dict[str, str], verifier: str) -> bool:
    return create_s256_code_challenge(verifier) == asked["code_challenge"] and asked["code_challenge_method"] == "S256"


def slowly(seconds: float) -> Callable[[], ResponseReturnValue]:
    """An answer whose bytes trickle."""

    def answer() -> ResponseReturnValue:
        def bytes_of() -> Iterator[bytes]:
            for _ in range(int(seconds / 0.05)):
                time.sleep(0.05)
                yield b" "

        return Response(bytes_of(), mimetype="application/json")

    return answer


@contextmanager
def provided(clock: Callable[[], datetime]) -> Iterator[Provider]:
    """A provider on a free loopback port."""
    provider = Provider(clock)
    server = make_server("127.0.0.1", 0, application(provider), threaded=True, request_handler=Quiet)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
