"""Sentences for people that stay translatable: English text that remembers the template and the values it was made of.

The rules know no reader and no language, so they say everything in English. Who answers a person translates the
template and writes the values in the reader's way: a ``Decimal``, a ``date``, an aware ``datetime``, a tuple (a list of
things), other ``Words``, and anything else as its text. Templates are constants where they are used, so that the tool
that collects texts to translate finds them as the first argument of ``words`` and the first two of ``counted``.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from typing import Self


class Words(str):
    """An English text. ``plural`` and ``num`` are set where the sentence depends on a number."""

    __slots__ = ("num", "plural", "template", "values")

    template: str
    plural: str | None
    num: int
    values: Mapping[str, object]

    def format(self, *_args: object, **_values: object) -> Self:
        """Itself: libraries that take it for a template of their own hand it on whole."""
        return self


def N_(template: str) -> str:  # noqa: N802 - the name by which Babel finds texts
    """A template that is filled in elsewhere, marked for the tool that collects texts to translate."""
    return template


def words(template: str, /, **values: object) -> Words:
    """``template`` with its ``%(name)s`` filled in."""
    return _made(template, template, None, 1, values)


def counted(singular: str, plural: str, number: int, /, **values: object) -> Words:
    """One of two templates, by ``number``, which they call ``%(num)s``."""
    return _made(singular if number == 1 else plural, singular, plural, number, {"num": Decimal(number), **values})


def either(choices: Sequence[str]) -> str:
    """Choices as "a or b or c"."""
    return reduce(lambda some, other: words("%(some)s or %(other)s", some=some, other=other), choices)


def in_english(value: object) -> str:
    """A value as the English text has it; instants in UTC, since rules know no reader's time zone."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, tuple):
        return "; ".join(in_english(part) for part in value)
    return f"{value:,f}" if isinstance(value, Decimal) else str(value)


def _made(used: str, template: str, plural: str | None, number: int, values: Mapping[str, object]) -> Words:
    english = used % {name: in_english(value) for name, value in values.items()} if values else used
    made = Words(english)
    made.template, made.plural, made.num, made.values = template, plural, number, values
    return made
