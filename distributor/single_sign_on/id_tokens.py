"""Judging an ID token as OpenID Connect Core 1.0, 3.1.3.7 has it; what is wrong with one is named in one word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, RSAKey

from distributor.single_sign_on.discovery import ALGORITHMS, Key

# How far two clocks may stand apart.
LEEWAY = timedelta(seconds=60)
LONGEST_TOKEN = 20_000
LONGEST_SUBJECT = 255
# Microsoft Entra ID has no `email_verified`; its optional claim `xms_edov` says that the domain is the tenant's own.
MICROSOFT = "https://login.microsoftonline.com/"
MICROSOFTS_YES = (True, 1, "1", "true")
KIND: dict[str, type[RSAKey] | type[ECKey]] = {"RS256": RSAKey, "ES256": ECKey}


class TokenRefused(Exception):  # noqa: N818 - reads as what happened
    """The token proves nothing; `reason` names what of it is wrong, such as "nonce"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownKey(TokenRefused):
    """No key that is known signed it: the provider may have a new one."""

    def __init__(self) -> None:
        super().__init__("signature")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say: who issued it to whom, in answer to which sign-in, begun when."""

    issuer: str
    client_id: str
    nonce: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for. `email` only where it says that the address is the person's."""

    issuer: str
    subject: str
    email: str | None
    proved_at: datetime | None


def judge(token: object, access_token: object, keys: tuple[Key, ...], expected: Expected, at: datetime) -> Vouched:
    """Whom the ID token vouches for at the instant `at`. Raises TokenRefused, UnknownKey."""
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise TokenRefused("token")
    claims = _claims(token, access_token, keys, expected)
    _validate(claims, at)
    _check_fresh(claims, expected, at)
    return Vouched(expected.issuer, _subject(claims), _verified_email(claims, expected.issuer), _proved_at(claims, at))


def _claims(token: str, access_token: object, keys: tuple[Key, ...], expected: Expected) -> CodeIDToken:
    found = _verified(token, keys)
    options = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    params = {"client_id": expected.client_id, "nonce": expected.nonce}
    if isinstance(access_token, str):
        params["access_token"] = access_token
    return CodeIDToken(found.claims, found.header, options, params)


def _verified(token: str, keys: tuple[Key, ...]) -> jwt.Token:
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        return jwt.decode(token, _signer(token, keys), registry=registry)
    except BadSignatureError:
        raise UnknownKey from None
    except (JoseError, ValueError, TypeError, AttributeError):
        raise TokenRefused("token") from None


def _signer(token: str, keys: tuple[Key, ...]) -> Key:
    """The one key that the token's header can mean (Core 1.0, 10.1)."""
    header = jws.extract_compact(token.encode()).headers()
    kind = KIND.get(str(header.get("alg")))
    if kind is None:
        raise TokenRefused("algorithm")
    kid = header.get("kid")
    fitting = [key for key in keys if isinstance(key, kind) and (kid is None or key.kid == kid)]
    if len(fitting) != 1:
        raise UnknownKey
    return fitting[0]


def _validate(claims: CodeIDToken, at: datetime) -> None:
    try:
        claims.validate(now=int(at.timestamp()), leeway=int(LEEWAY.total_seconds()))
    except ExpiredTokenError:
        raise TokenRefused("exp") from None
    except ClaimError as error:
        raise TokenRefused(error.claim) from None
    except (JoseError, ValueError, TypeError, AttributeError):
        raise TokenRefused("token") from None


def _check_fresh(claims: CodeIDToken, expected: Expected, at: datetime) -> None:
    """A token is made for this sign-in: before it began there was none, and none comes from the future."""
    issued = _instant(claims, "iat", at)
    if issued is None or not expected.begun_at - LEEWAY <= issued <= at + LEEWAY:
        raise TokenRefused("iat")


def _subject(claims: CodeIDToken) -> str:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise TokenRefused("sub")
    return subject


def _verified_email(claims: CodeIDToken, issuer: str) -> str | None:
    """The address, in small letters, where the provider says that it is the person's."""
    email = claims.get("email")
    said = claims.get("email_verified")
    if said is None and issuer.startswith(MICROSOFT):
        said = claims.get("xms_edov") in MICROSOFTS_YES
    return email.strip().lower() if said is True and isinstance(email, str) else None


def _proved_at(claims: CodeIDToken, at: datetime) -> datetime | None:
    """When the person last showed the provider who they are, where it says so."""
    said = _instant(claims, "auth_time", at) if claims.get("auth_time") is not None else None
    return min(said, at) if said is not None and said <= at + LEEWAY else None


def _instant(claims: CodeIDToken, name: str, at: datetime) -> datetime | None:
    said: Any = claims.get(name)
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise TokenRefused(name)
    try:
        return datetime.fromtimestamp(said, at.tzinfo)
    except (ValueError, OverflowError, OSError):
        raise TokenRefused(name) from None
