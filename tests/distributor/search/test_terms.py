"""What is read out of the words that somebody types into the search."""

from __future__ import annotations

from datetime import date

import pytest
from babel import Locale

from distributor.search.terms import LONGEST, MOST_WORDS, Terms, read
from workflows.report_cycle import Cycle

TODAY = Cycle.parse("2026-10")


def asked(text: str, locale: str = "en") -> Terms:
    return read(text, TODAY, Locale.parse(locale))


@pytest.mark.parametrize("text", ["2026-10", "October 2026", "oct 2026", "2026 OCTOBER", "October, 2026"])
def test_a_cycle_is_read_however_it_is_written(text: str) -> None:
    assert asked(text).cycles == (date(2026, 10, 1),)
    assert asked(text).rest == ()


def test_months_are_known_by_their_name_in_the_readers_language_too() -> None:
    assert asked("März 2026", "de").cycles == (date(2026, 3, 1),)
    assert asked("March 2026", "de").cycles == (date(2026, 3, 1),)


def test_a_month_alone_means_those_of_the_last_years_and_a_year_alone_all_its_months() -> None:
    assert asked("October").cycles[:3] == (date(2026, 10, 1), date(2025, 10, 1), date(2024, 10, 1))
    assert len(asked("2025").cycles) == 12


def test_other_words_stay_beside_the_cycle() -> None:
    assert asked("kestrel october 2026").rest == ("kestrel",)
    assert asked("kestrel").cycles == ()


@pytest.mark.parametrize("text", ["2026-13", "ma", "0000", "99999"])
def test_what_is_no_cycle_is_a_word(text: str) -> None:
    assert asked(text).cycles == ()
    assert asked(text).rest == (text,)


def test_words_are_cut_as_the_index_cuts_them() -> None:
    assert asked("MER-1042 O'Neill").pieces == ("MER", "1042", "O", "Neill")
    assert asked("50%_\\'").pieces == ("50",)


def test_long_and_odd_input_is_bounded() -> None:
    assert len(asked("x" * 10_000).text) == LONGEST
    assert len(asked("a b c d e f g h i j").words) == MOST_WORDS
    assert asked("a\x00b").text == "a\ufffdb"
    assert not asked("a").is_long_enough
