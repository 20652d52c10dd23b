"""What somebody typed into the search, taken apart: words, and the report cycles that they may name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel import Locale

from distributor.words import on_a_line
from workflows.errors import InvalidCycle
from workflows.report_cycle import FIRST_YEAR, LAST_YEAR, Cycle

LONGEST = 100
MOST_WORDS = 6
SHORTEST = 2
# Fewer letters of a month's name would make a month of every other word.
SHORTEST_MONTH = 3
# "October" without a year means one of the last ones, or the one to come.
YEARS_BACK = 5
# What the database cuts words at (search_words), so that both sides make the same words.
_CUTS = re.compile(r"""[\s!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]+""")
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was typed: `text` as a whole, its `words` as a person would cut it, and its `pieces` as the index has them.

    `cycles` are first days of cycles that some of the words name, `rest` the other words; empty where none does.
    """

    text: str
    words: tuple[str, ...]
    pieces: tuple[str, ...]
    cycles: tuple[date, ...] = ()
    rest: tuple[str, ...] = ()

    @property
    def is_long_enough(self) -> bool:
        """Whether there is enough to search for; a single letter stands in everything."""
        return len(self.text) >= SHORTEST


def read(given: str, today: Cycle, locale: Locale) -> Terms:
    """Take apart what was typed; `today` is the cycle of the day, `locale` the reader's, for names of months."""
    text = " ".join(on_a_line(given)[:LONGEST].split())
    words = tuple(text.split()[:MOST_WORDS])
    pieces = tuple(piece for piece in _CUTS.split(text) if piece)[:MOST_WORDS]
    cycles, rest = _cycles(words, today, locale)
    return Terms(text, words, pieces, cycles, rest)


def _cycles(words: tuple[str, ...], today: Cycle, locale: Locale) -> tuple[tuple[date, ...], tuple[str, ...]]:
    """The cycles named by a year and month like 2026-10, a month's name, a year, or name and year together."""
    month, year, exact, rest = None, None, None, []
    for word in words:
        plain = word.strip(",.")
        if exact is None and (found := _exact(plain)) is not None:
            exact = found
        elif month is None and (number := _month(plain.lower(), locale)) is not None:
            month = number
        elif year is None and _YEAR.fullmatch(plain) and FIRST_YEAR <= int(plain) <= LAST_YEAR:
            year = int(plain)
        else:
            rest.append(word)
    return _days(exact, month, year, today), tuple(rest)


def _days(exact: Cycle | None, month: int | None, year: int | None, today: Cycle) -> tuple[date, ...]:
    if exact is not None:
        return (exact.first_day,)
    if month is not None:
        newest = today.next().first_day.year
        years = [year] if year is not None else range(newest, newest - YEARS_BACK, -1)
        return tuple(date(each, month, 1) for each in years)
    return tuple(date(year, each, 1) for each in range(12, 0, -1)) if year is not None else ()


def _exact(word: str) -> Cycle | None:
    try:
        return Cycle.parse(word)
    except InvalidCycle:
        return None


def _month(word: str, locale: Locale) -> int | None:
    if len(word) < SHORTEST_MONTH:
        return None
    names = {**_names_of_months(str(locale)), **_names_of_months("en")}
    return next((number for name, number in names.items() if name.startswith(word)), None)


@lru_cache(maxsize=16)
def _names_of_months(locale: str) -> dict[str, int]:
    months = Locale.parse(locale).months["stand-alone"]["wide"]
    return {str(name).lower(): int(number) for number, name in months.items()}
