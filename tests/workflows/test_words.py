"""Sentences for people: in English at once, and still translatable."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from workflows.words import counted, either, words


def test_words_are_their_english_text() -> None:
    said = words("“%(given)s” is no currency.", given="EURO")
    assert said == "“EURO” is no currency."
    assert (said.template, dict(said.values)) == ("“%(given)s” is no currency.", {"given": "EURO"})


def test_a_number_chooses_the_template_and_is_filled_in() -> None:
    assert counted("%(num)s line", "%(num)s lines", 1) == "1 line"
    many = counted("%(num)s line", "%(num)s lines", 2)
    assert (many, many.template, many.plural, many.num) == ("2 lines", "%(num)s line", "%(num)s lines", 2)


def test_a_percent_sign_of_a_text_without_values_stays() -> None:
    assert words("100 % sure") == "100 % sure"


def test_instants_are_written_in_utc_and_figures_without_an_exponent() -> None:
    at = datetime(2026, 11, 1, 0, 0, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo"))
    assert words("%(at)s, %(units)s", at=at, units=Decimal("1E+3")) == "2026-11-01 00:00 UTC, 1,000"


def test_lists_and_choices_read_as_such() -> None:
    assert words("%(lines)s.", lines=("a", "b")) == "a; b."
    assert either([words("one"), words("two"), words("three")]) == "one or two or three"
