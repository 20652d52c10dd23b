"""Which language a reader gets: their own choice, else what the browser asks for, of those there are.

Texts stand in the code in English; `distributor/translations/` holds them in the other languages, written with
`make translations` (docs/translating.md).
"""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, Response, has_request_context, request
from flask_babel import Domain, get_locale
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from distributor.extensions import babel
from distributor.formatting import units
from distributor.identity.current import member_if_known
from distributor.saying import said
from distributor.stored_sentences import retold

# Each in its own words, as the people who look for it know it.
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch"}
LANGUAGES = tuple(LANGUAGE_NAMES)
DEFAULT = "en"
DOMAIN = "messages"
IN_WORDS = frozenset({"text/html", "application/problem+json"})


class CountingDomain(Domain):
    """Texts in which `%(num)s` is written as the reader writes numbers: 1,234 in English, 1.234 in German."""

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """One of two texts, by `num`."""
        text: str = self.get_translations().ungettext(singular, plural, num)
        return text % {"num": units(num), **variables}


def register(app: Flask) -> None:
    """Bind Flask-Babel, and say with every answer made of words in which language it is."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", DEFAULT)
    babel.init_app(app, locale_selector=chosen)
    babel.domain_instance = CountingDomain(domain=DOMAIN)
    count_in_words(app.jinja_env)
    app.jinja_env.filters.update(said=said, retold=retold)
    app.after_request(_named)


def chosen() -> str:
    """The language of this answer; the default outside of requests."""
    member = member_if_known()
    if member is not None and member.locale in LANGUAGES:
        return member.locale
    if not has_request_context():
        return DEFAULT
    return asked_for() or DEFAULT


def asked_for() -> str | None:
    """The language that the browser asks for, when it is one of ours."""
    return request.accept_languages.best_match(LANGUAGES)


def count_in_words(environment: Environment) -> None:
    """Let `ngettext` of templates write its number as the reader does. Escaping stays Jinja's."""
    installed: Any = environment.globals["ngettext"]

    @pass_context
    def ngettext(context: Context, singular: str, plural: str, num: int, **variables: Any) -> str:
        return cast(str, installed(context, singular, plural, num, **{"num": units(num), **variables}))

    environment.globals["ngettext"] = ngettext


def _named(response: Response) -> Response:
    if response.mimetype in IN_WORDS:
        response.headers.setdefault("Content-Language", str(get_locale()))
    return response
