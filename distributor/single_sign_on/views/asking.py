"""What these pages have in common: how providers are asked, and the cookie that ties a sign-in to its browser."""

from __future__ import annotations

import secrets
from typing import cast

from flask import current_app, request
from werkzeug.wrappers import Response

from distributor.config import Settings
from distributor.single_sign_on.discovery import Kept
from distributor.single_sign_on.exchange import Line
from distributor.single_sign_on.fetching import Asker
from distributor.single_sign_on.signing_in import LIVES

KEPT = "distributor.providers"
CALLBACK = "/sign-in/callback"


def settings() -> Settings:
    """The service's settings."""
    return cast("Settings", current_app.config["SETTINGS"])


def asker() -> Asker:
    """Asks providers, at public addresses and those that the operator allowed."""
    return cast("Asker | None", current_app.config.get("ASKER")) or Asker(settings().issuer_networks)


def kept() -> Kept:
    """What providers said about themselves, in this process."""
    return cast("Kept", current_app.extensions.setdefault(KEPT, {}))


def line() -> Line:
    """How to reach providers and be reached by them."""
    return Line(asker(), kept(), callback())


def callback() -> str:
    """Where providers send people back to."""
    return settings().public_url + CALLBACK


def browser() -> str:
    """This browser's secret, or a new one."""
    known = request.cookies.get(cookie_name(), "")
    return known if 20 <= len(known) <= 100 else secrets.token_urlsafe(32)


def cookie_name() -> str:
    return "__Host-sign-in" if settings().behind_tls else "sign-in"


def tie(answer: Response, secret: str) -> Response:
    """The answer with the cookie that knows the browser when it comes back. Lax, as it comes from elsewhere."""
    answer.set_cookie(
        cookie_name(),
        secret,
        max_age=LIVES,
        path="/",
        secure=settings().behind_tls,
        httponly=True,
        samesite="Lax",
    )
    return answer


def untie(answer: Response) -> Response:
    """The answer that takes this cookie away."""
    answer.delete_cookie(cookie_name(), path="/", secure=settings().behind_tls, httponly=True, samesite="Lax")
    return answer
