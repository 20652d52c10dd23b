"""Which language a reader gets: their own choice, else what the browser asks for, of those there are."""

from __future__ import annotations

from flask import Flask, has_request_context, request

from distributor.extensions import babel
from distributor.identity.current import member_if_known

LANGUAGES = ("en",)
DEFAULT = "en"


def register(app: Flask) -> None:
    """Bind Flask-Babel; translations would stand in `distributor/translations/`, made with `babel.cfg`."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", DEFAULT)
    babel.init_app(app, locale_selector=chosen)


def chosen() -> str:
    """The language of this answer; the default outside of requests."""
    member = member_if_known()
    if member is not None and member.locale in LANGUAGES:
        return member.locale
    if not has_request_context():
        return DEFAULT
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT
