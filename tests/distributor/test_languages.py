"""Readers are answered in their language: pages, refusals, numbers and dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale, ngettext
from sqlalchemy import update

from distributor.database import db
from distributor.formatting import cycle_name, day, duration, instant, money, month_name, percent, signed, units
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from distributor.saying import said
from distributor.stored_sentences import CHARGED, NO_MEMBER, retold
from tests.clients import api, sign_in, visitor
from tests.factories import Story
from workflows.errors import CommentRequired, InvalidUnits, StaleVersion
from workflows.report_cycle import Cycle
from workflows.units import parse_units
from workflows.vocabulary import LineRef
from workflows.words import counted, words

NO_BREAK_SPACE = "\u00a0"
LINE = LineRef("1", "Shannon Freight Group", "Mail Basic", "MB-1")


def test_a_browser_that_asks_for_german_gets_it(app: Flask) -> None:
    answer = visitor(app).get("/sign-in", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert answer.headers["Content-Language"] == "de"
    assert '<html lang="de"' in answer.text
    assert "Anmelden" in answer.text


def test_a_browser_that_asks_for_what_there_is_not_gets_english(app: Flask) -> None:
    answer = visitor(app).get("/sign-in", headers={"Accept-Language": "tlh"})
    assert answer.headers["Content-Language"] == "en"
    assert '<html lang="en"' in answer.text


def test_the_reader_s_own_choice_counts_more_than_the_browser_s(app: Flask) -> None:
    answer = sign_in(app, german(Story())).get("/reports", headers={"Accept-Language": "en"})
    assert answer.headers["Content-Language"] == "de"
    assert "Nutzungsberichte" in answer.text


def test_a_page_that_is_not_there_says_so_in_the_reader_s_language(app: Flask) -> None:
    answer = sign_in(app, german(Story())).get("/nowhere", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["Content-Language"]) == (404, "de")
    assert "Seite nicht gefunden" in answer.text


def test_a_problem_speaks_the_reader_s_language_and_keeps_its_type(app: Flask) -> None:
    answer = api(app, german(Story())).get("/api/v1/reports?limit=0")
    assert answer.headers["Content-Language"] == "de"
    problem = answer.json or {}
    assert (problem["type"], problem["title"]) == ("invalid-input", "Ungültige Eingabe")
    assert problem["errors"] == [{"field": "limit", "reason": "Geben Sie eine ganze Zahl von 1 bis 200 an."}]


def test_what_the_rules_say_is_said_in_german(app: Flask) -> None:
    with force_locale("de"):
        assert said(StaleVersion(2, 3)).startswith("Dieser Bericht hat sich inzwischen geändert: Sie haben Version 2")
        assert said(CommentRequired([LINE], 1)) == (
            "1 Zeile ist noch durch einen Kommentar oder eine andere Angabe zu erklären: "
            "Shannon Freight Group, Mail Basic (MB-1)."
        )


def test_a_refused_number_says_why_in_german(app: Flask) -> None:
    with force_locale("de"), pytest.raises(InvalidUnits) as caught:
        parse_units("abc", 0)
    with force_locale("de"):
        assert said(caught.value) == "„abc“ kann nicht übernommen werden: schreiben Sie eine Zahl."


def test_values_of_a_sentence_are_written_as_the_reader_writes_them(app: Flask) -> None:
    at = datetime(2026, 10, 30, 23, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))
    parts = (Decimal("1234.5"), Cycle(2026, 10), at, date(2026, 10, 31))
    with force_locale("de"):
        assert said(words("%(parts)s", parts=parts)) == (
            "1.234,5; Oktober 2026; Sa., 31. Okt. 2026 um 00:00 MEZ; Sa., 31. Okt. 2026"
        )


def test_a_text_that_is_no_sentence_of_the_rules_stands_as_it_is(app: Flask) -> None:
    with force_locale("de"):
        assert said("Von Hand geschrieben") == "Von Hand geschrieben"


def test_numbers_that_are_counted_are_grouped_in_code_and_templates(app: Flask) -> None:
    source = '{{ ngettext("%(num)s line", "%(num)s lines", 1234) }}'
    assert ngettext("%(num)s line", "%(num)s lines", 1234) == "1,234 lines"
    with force_locale("de"):
        assert ngettext("%(num)s line", "%(num)s lines", 1234) == "1.234 Zeilen"
        assert render_template_string(source) == "1.234 Zeilen"
        assert said(counted("%(num)s line", "%(num)s lines", 1234)) == "1.234 Zeilen"


def test_what_is_counted_is_still_escaped_in_templates(app: Flask) -> None:
    source = '{{ ngettext("%(num)s line of %(who)s", "%(num)s lines of %(who)s", 2, who="<b>") }}'
    assert render_template_string(source) == "2 lines of &lt;b&gt;"


@pytest.mark.parametrize(
    ("shown", "german_text"),
    [
        (lambda: units(Decimal("1234.50")), "1.234,5"),
        (lambda: money(Decimal("34280.9"), "EUR"), "34.280,90"),
        (lambda: percent(Decimal("27.5")), f"27,5{NO_BREAK_SPACE}%"),
        (lambda: signed(Decimal(-1195)), "−1.195"),
        (lambda: day(date(2026, 10, 31)), "Sa., 31. Okt. 2026"),
        (lambda: month_name(Cycle(2026, 10)), "Oktober"),
        (lambda: cycle_name("2026-10"), "Oktober 2026"),
        (lambda: duration(datetime(2026, 1, 4, 9, 48) - datetime(2026, 1, 1)), "3 T 9 Std 48 Min"),  # noqa: DTZ001 - a span only
        (lambda: instant(datetime(2026, 7, 1, tzinfo=UTC), "Europe/Vienna"), "Mi., 1. Juli 2026 um 02:00 MESZ"),
        (lambda: instant(datetime(2026, 1, 1, tzinfo=UTC), "Europe/Dublin"), "Do., 1. Jan. 2026 um 00:00 GMT"),
    ],
)
def test_figures_and_dates_are_written_as_germans_write_them(
    app: Flask, shown: Callable[[], str], german_text: str
) -> None:
    with force_locale("de"):
        assert shown() == german_text


def test_a_kept_sentence_is_told_again_in_the_reader_s_language(app: Flask) -> None:
    kept = CHARGED % {"units": "1234.5"}
    assert retold(kept) == "Submitted automatically without an explanation: charged on 1,234.5."
    with force_locale("de"):
        assert retold(kept) == "Automatisch und ohne Erklärung eingereicht: berechnet nach 1.234,5."
        left = retold(NO_MEMBER % {"recipient": "Anna % Berg", "organization": "Nord\nSüd"})
    assert left == "Nicht gesendet: Anna % Berg ist nicht mehr Mitglied von Nord\nSüd."


def test_a_kept_sentence_that_nobody_knows_stands_as_it_is(app: Flask) -> None:
    assert (retold("Something older."), retold(None)) == ("Something older.", "")


def german(story: Story) -> CurrentMember:
    """The story's preparer, who reads German."""
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(locale="de"))
    return story.preparer
