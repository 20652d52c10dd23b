"""What an ID token says, judged without a provider."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt

from distributor.config import SettingError, load
from distributor.single_sign_on.id_tokens import Expected, TokenRefused, Vouched, judge
from tests.oidc_provider import first_key

AT = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)
ENTRA = "https://login.microsoftonline.com/6f2c/v2.0"


def judged(issuer: str = ENTRA, access_token: str | None = None, **claims: Any) -> Vouched:
    at = int(AT.timestamp())
    plain = {
        "iss": issuer,
        "aud": "distributor",
        "sub": "s",
        "nonce": "n",
        "iat": at,
        "exp": at + 60,
        "email": "A@B.example",
    }
    token = jwt.encode({"alg": "RS256", "kid": "first"}, {**plain, **claims}, first_key())
    return judge(token, access_token, (first_key(),), Expected(issuer, "distributor", "n", AT), AT)


@pytest.mark.parametrize("said", [True, 1, "1", "true"])
def test_microsofts_word_that_the_domain_is_verified_stands_for_the_address(said: object) -> None:
    assert judged(xms_edov=said).email == "a@b.example"


@pytest.mark.parametrize("said", [False, 0, "0", "false", "yes", None, [True]])
def test_nothing_else_does(said: object) -> None:
    assert judged(xms_edov=said).email is None


def test_another_provider_has_to_say_it_in_the_standards_words() -> None:
    assert judged("https://login.microsoftonline.com.evil.example/", xms_edov=True).email is None
    assert judged("https://other.example", email_verified=True).email == "a@b.example"


def test_an_address_that_is_called_unverified_is_not_saved_by_another_word() -> None:
    assert judged(email_verified=False, xms_edov=True).email is None


def test_a_hash_of_the_access_token_may_be_left_out_and_must_not_be_wrong() -> None:
    assert judged(access_token="x").subject == "s"
    with pytest.raises(TokenRefused, match="at_hash"):
        judged(access_token="x", at_hash="AAAAAAAAAAAAAAAAAAAAAA")


@pytest.mark.parametrize("claims", [{"exp": float("nan")}, {"iat": True}, {"iat": 10**30}, {"auth_time": 10**30}])
def test_numbers_that_are_no_time_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        judged(**claims)


def test_networks_of_providers_come_from_the_environment(tmp_path: Path) -> None:
    given = {"DISTRIBUTOR_HOME": str(tmp_path), "ISSUER_NETWORKS": "10.20.0.0/16, 127.0.0.0/8"}
    assert [str(network) for network in load(given).issuer_networks] == ["10.20.0.0/16", "127.0.0.0/8"]
    with pytest.raises(SettingError, match="ISSUER_NETWORKS must list networks"):
        load({**given, "ISSUER_NETWORKS": "10.20.0.1/16"})
