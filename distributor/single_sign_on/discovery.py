"""What a provider says about itself: OpenID Connect Discovery 1.0, read and judged.

Its document and keys are kept for an hour in this process; a signature by a key that is not among them has them read
anew once, as providers change their keys without notice (OpenID Connect Core 1.0, 10.1.1).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from distributor.single_sign_on.fetching import Asker, FetchError, parsed

WELL_KNOWN = "/.well-known/openid-configuration"
KEPT_FOR = timedelta(hours=1)
# RFC 7518, 3.1: the algorithms that every provider offers; "none" and shared secrets prove nothing here.
ALGORITHMS = ("RS256", "ES256")
SHORTEST_RSA_BITS = 2048

PUBLIC_PARTS = ("kty", "kid", "n", "e", "crv", "x", "y", "alg", "use")

Key = RSAKey | ECKey
Kept = MutableMapping[str, "Provider"]


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is asked what, and the keys it signs with. `read_at` is when it said so."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    posts_secret: bool
    names_itself: bool
    keys: tuple[Key, ...]
    read_at: datetime


def provider(issuer: str, asker: Asker, kept: Kept, at: datetime) -> Provider:
    """The provider as it described itself within the last hour. Raises FetchError."""
    known = kept.get(issuer)
    if known is None or not at - KEPT_FOR < known.read_at <= at:
        kept[issuer] = known = read(issuer, asker, at)
    return known


def with_new_keys(known: Provider, asker: Asker, kept: Kept, at: datetime) -> Provider:
    """The provider with the keys it has now. Raises FetchError."""
    kept[known.issuer] = anew = replace(known, keys=_keys(known.jwks_uri, asker), read_at=at)
    return anew


def read(issuer: str, asker: Asker, at: datetime) -> Provider:
    """Ask the provider what it is. Raises FetchError, whose message says plainly what is wrong."""
    check_issuer(issuer)
    document = _document(issuer, asker)
    _check_claims(issuer, document)
    _check_abilities(document)
    return Provider(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        jwks_uri=_endpoint(document, "jwks_uri"),
        end_session_endpoint=_optional_endpoint(document, "end_session_endpoint"),
        posts_secret="client_secret_post" in _strings(document, "token_endpoint_auth_methods_supported"),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        keys=_keys(_endpoint(document, "jwks_uri"), asker),
        read_at=at,
    )


def check_issuer(issuer: str) -> None:
    """Raises FetchError unless this can be an issuer (Discovery 1.0, 3): https, no question, nothing after it.

    Plain http passes here for the machine's own names only; `fetching` makes sure that they are the machine's own.
    """
    parts = parsed(issuer)
    if parts.query:
        raise FetchError(gettext("The issuer is an address without “?”."))
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise FetchError(gettext("The issuer begins with https://."))


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _document(issuer: str, asker: Asker) -> dict[str, Any]:
    url = issuer.rstrip("/") + WELL_KNOWN
    answer = asker.json(url)
    if answer.status != 200:
        why = gettext(
            "%(url)s answered with the status %(status)s. Is the issuer right?", url=url, status=answer.status
        )
        raise FetchError(why)
    return answer.content


def _check_claims(issuer: str, document: dict[str, Any]) -> None:
    """An issuer speaks for itself only (Discovery 1.0, 4.3)."""
    said = document.get("issuer")
    if said != issuer:
        why = gettext(
            "The provider calls itself “%(said)s”. The issuer has to be exactly that, to the last slash.",
            said=str(said)[:200],
        )
        raise FetchError(why)


def _check_abilities(document: dict[str, Any]) -> None:
    """What is not said is taken for granted: providers leave out what they think goes without saying."""
    wanted = {
        "response_types_supported": ({"code"}, gettext("the authorization code flow")),
        "code_challenge_methods_supported": ({"S256"}, gettext("PKCE with S256")),
        "id_token_signing_alg_values_supported": (set(ALGORITHMS), gettext("ID tokens signed with RS256 or ES256")),
        "token_endpoint_auth_methods_supported": (
            {"client_secret_basic", "client_secret_post"},
            gettext("a client secret"),
        ),
    }
    for name, (any_of, label) in wanted.items():
        if name in document and not any_of & _strings(document, name):
            raise FetchError(gettext("The provider does not offer %(what)s (%(name)s).", what=label, name=name))


def _endpoint(document: dict[str, Any], name: str) -> str:
    url = _optional_endpoint(document, name)
    if url is None:
        raise FetchError(gettext("The provider's description lacks %(name)s.", name=name))
    return url


def _optional_endpoint(document: dict[str, Any], name: str) -> str | None:
    url = document.get(name)
    if url is None:
        return None
    if not isinstance(url, str):
        raise FetchError(gettext("The provider's description is wrong about %(name)s.", name=name))
    parts = parsed(url)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise FetchError(gettext("The provider's %(name)s does not begin with https://.", name=name))
    return url


def _strings(document: dict[str, Any], name: str) -> set[str]:
    found = document.get(name)
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def _keys(url: str, asker: Asker) -> tuple[Key, ...]:
    listed = asker.json(url).content.get("keys")
    found = [_key(one) for one in listed] if isinstance(listed, list) else []
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise FetchError(gettext("%(url)s lists no key that ID tokens could be signed with.", url=url))
    return keys


def _key(listed: Any) -> Key | None:
    """A key that may sign; nothing for one of another kind, too short or broken, of which a provider may list many."""
    if not isinstance(listed, dict) or listed.get("kty") not in {"RSA", "EC"} or listed.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key({name: listed[name] for name in PUBLIC_PARTS if name in listed})
    except (JoseError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAKey | ECKey) and _is_strong(key) else None


def _is_strong(key: Key) -> bool:
    if isinstance(key, RSAKey):
        return key.public_key.key_size >= SHORTEST_RSA_BITS
    return key.curve_name == "P-256"
