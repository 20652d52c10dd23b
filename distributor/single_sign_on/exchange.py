"""What is said to a provider: where the browser is sent, and what its code is exchanged for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from distributor import vault
from distributor.single_sign_on import discovery, id_tokens
from distributor.single_sign_on.discovery import Kept, Provider
from distributor.single_sign_on.fetching import Asker
from distributor.single_sign_on.id_tokens import Expected, Vouched
from distributor.single_sign_on.queries import Door
from distributor.single_sign_on.signing_in import Attempt, Begun, SignInRefused

SCOPE = "openid email profile"
LONGEST_CODE = 4_000


@dataclass(frozen=True, slots=True)
class Line:
    """How providers are reached, what is known of them, and where they send people back to."""

    asker: Asker
    kept: Kept
    callback: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser brought back from the provider."""

    code: str = field(repr=False)
    issuer: str | None


def authorization_url(
    provider: Provider, door: Door, begun: Begun, callback: str, *, email: str = "", again: bool = False
) -> str:
    """Where the browser goes. With `again` the provider is to ask for the person anew and to say when it did."""
    asked = {
        "response_type": "code",
        "client_id": door.client_id,
        "redirect_uri": callback,
        "scope": SCOPE,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": create_s256_code_challenge(begun.verifier),
        "code_challenge_method": "S256",
    }
    asked |= {"login_hint": email} if email else {}
    asked |= {"prompt": "login", "max_age": "0"} if again else {}
    return str(add_params_to_uri(provider.authorization_endpoint, asked))


def logout_url(provider: Provider, client_id: str, back: str) -> str | None:
    """Where a person ends the provider's own session (RP-Initiated Logout 1.0), where there is such a place."""
    if provider.end_session_endpoint is None:
        return None
    asked = {"client_id": client_id, "post_logout_redirect_uri": back}
    return str(add_params_to_uri(provider.end_session_endpoint, asked))


def redeem(line: Line, door: Door, attempt: Attempt, answer: Answer, at: datetime) -> Vouched:
    """Exchange the code and judge the ID token; keys that changed are read anew once.

    Raises SignInRefused, FetchError.
    """
    provider = discovery.provider(door.issuer, line.asker, line.kept, at)
    # RFC 9207: an answer that names its issuer, or should, names this one.
    if (answer.issuer or (None if provider.names_itself else door.issuer)) != door.issuer:
        raise SignInRefused("iss")
    tokens = _tokens(line, provider, door, attempt, answer.code)
    given = tokens.get("id_token"), tokens.get("access_token")
    expected = Expected(door.issuer, door.client_id, attempt.nonce, attempt.begun_at)
    try:
        try:
            return id_tokens.judge(*given, provider.keys, expected, at)
        except id_tokens.UnknownKey:
            anew = discovery.with_new_keys(provider, line.asker, line.kept, at)
            return id_tokens.judge(*given, anew.keys, expected, at)
    except id_tokens.TokenRefused as refused:
        raise SignInRefused(refused.reason) from refused


def _tokens(line: Line, provider: Provider, door: Door, attempt: Attempt, code: str) -> dict[str, Any]:
    secret = vault.unlock(door.client_secret)
    if secret is None:
        raise SignInRefused("client-secret")
    if not 0 < len(code) <= LONGEST_CODE:
        raise SignInRefused("code")
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": line.callback,
        "code_verifier": attempt.verifier,
    }
    method = "client_secret_post" if provider.posts_secret else "client_secret_basic"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    auth = ClientAuth(door.client_id, secret, method)
    url, headers, body = auth.prepare("POST", provider.token_endpoint, headers, urlencode(asked))
    answer = line.asker.json(url, body, headers)
    if answer.status != 200:
        raise SignInRefused(_refusal(answer.content))
    return answer.content


def _refusal(content: dict[str, Any]) -> str:
    """The provider's no in a word of ours: its own words are a stranger's."""
    known = {"invalid_grant": "code", "invalid_client": "client-secret", "unauthorized_client": "client-secret"}
    return known.get(str(content.get("error")), "token")
