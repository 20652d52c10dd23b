"""Numbers, money and dates as people read them, in the reader's locale; templates know these as filters.

A report page writes tens of thousands of numbers, and Babel takes some 30 µs for each: so its separators are read once
per locale and Python's own formatting does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from flask import Flask
from flask_babel import get_locale, gettext

from workflows.money import minor_unit
from workflows.report_cycle import Cycle
from workflows.units import over_provisioned_percent

UNKNOWN = "–"
MINUS = "−"
NO_BREAK_SPACE = "\u00a0"
ENGLISH = Locale("en")
PERCENT_DIGITS = 2


def units(value: Decimal | int | None) -> str:
    """1234.5 as "1,234.5", decimals only where there are some; "–" for an unknown figure."""
    if value is None:
        return UNKNOWN
    text = f"{value:,f}"
    return _localized(text.rstrip("0").rstrip(".") if "." in text else text)


def money(value: Decimal | int | None, unit: str | int = 2) -> str:
    """855 as "855.00", without a currency sign. `unit` is a currency ("JPY") or its number of decimals."""
    if value is None:
        return UNKNOWN
    digits = minor_unit(unit) if isinstance(unit, str) else unit
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return _localized(f"{rounded:,f}")


def compact(value: Decimal | int | None) -> str:
    """34280.9 as "34K", for the axis of a drawing: rounded, in the reader's short form, else as a whole number."""
    if value is None:
        return UNKNOWN
    short = numbers.format_compact_decimal(value, locale=_locale(), fraction_digits=1)
    return units(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP)) if short.isdecimal() else short


def currency_symbol(currency: str) -> str:
    """EUR as "€"; the code itself where the locale has no sign for it."""
    return numbers.get_currency_symbol(currency, locale=_locale())


def percent(value: Decimal | int | None, digits: int = PERCENT_DIGITS) -> str:
    """27.5 (not 0.275) as "27.5 %", with at most `digits` decimals and a space that does not break."""
    if value is None:
        return UNKNOWN
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{units(rounded)}{NO_BREAK_SPACE}%"


def over_provisioned(provisioned: Decimal | None, used: Decimal | None) -> str:
    """By how much more is provisioned than used, as "27.5 % over-provisioned"; empty where it is not, or not known."""
    share = over_provisioned_percent(provisioned, used)
    return gettext("%(percent)s over-provisioned", percent=percent(share, 1)) if share and share > 0 else ""


def signed(value: Decimal | int | None) -> str:
    """A difference with its sign: "+15", "−195", "0"."""
    return f"+{units(value)}" if value is not None and value > 0 else units(value)


def signed_percent(value: Decimal | int | None) -> str:
    """A change with its sign and always one decimal, so that a column of them lines up: "+1.4 %", "−2.0 %"."""
    if value is None:
        return UNKNOWN
    rounded = Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP) + 0  # no "−0.0"
    shown = f"{money(rounded, 1)}{NO_BREAK_SPACE}%"
    return f"+{shown}" if rounded > 0 else shown


def plain(value: Decimal | int | None) -> str:
    """1234.50 as "1234.5", for inputs and scripts: no grouping, a point; nothing for an unknown figure."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def for_typing(value: Decimal | int | None) -> str:
    """1234.5 as "1234.5", in German "1234,5": as it stands in a field that people type into, without grouping."""
    return plain(value).replace(".", numbers.get_decimal_symbol(_locale()))


def day(value: date | datetime | str | None, zone: str | None = None) -> str:
    """A date, or its ISO text, as "Sat 31 Oct 2026"; an instant's date in `zone`."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime) and zone:
        value = value.astimezone(ZoneInfo(zone))
    return _written(value, "EEE d MMM y", "yMMMEd")


def calendar_day(value: date | None) -> str:
    """A date without its weekday, "30 Nov 2026", for choices and marks."""
    return UNKNOWN if value is None else _written(value, "d MMM y", "yMMMd")


def short_day(value: date | datetime | None, zone: str | None = None) -> str:
    """A date as "31 Oct", for narrow columns beside the cycle's year; an instant's date in `zone`."""
    if value is None:
        return UNKNOWN
    if isinstance(value, datetime) and zone:
        value = value.astimezone(ZoneInfo(zone))
    return _written(value, "d MMM", "MMMd")


def day_span(first: date, last: date) -> str:
    """A cycle's days: "1–31 October" within a month, else "26 Sep – 25 Oct"."""
    if _locale().language != "en":
        return dates.format_interval(first, last, "MMMd", locale=_locale())
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{_written(last, 'd MMMM', 'MMMMd')}"
    return f"{short_day(first)} – {short_day(last)}"


def short_instant(value: datetime | None, zone: str = "UTC") -> str:
    """An instant as "31 Oct, 00:00" in `zone`; the zone is named elsewhere on the page."""
    if value is None:
        return UNKNOWN
    return gettext("%(day)s, %(time)s", day=short_day(value, zone), time=clock_time(value, zone))


def instant(value: datetime | None, zone: str = "UTC") -> str:
    """An instant as "Sat 31 Oct 2026 at 00:00 GMT", in `zone` and with its name."""
    if value is None:
        return UNKNOWN
    local = value.astimezone(ZoneInfo(zone))
    return gettext("%(day)s at %(time)s %(zone)s", day=day(local), time=f"{local:%H:%M}", zone=zone_name(local))


def clock_time(value: datetime | None, zone: str = "UTC") -> str:
    """An instant's time of day in `zone` as "14:05"."""
    return UNKNOWN if value is None else f"{value.astimezone(ZoneInfo(zone)):%H:%M}"


def zone_name(local: datetime) -> str:
    """The zone's usual letters ("GMT", "CET", in German "MEZ"), else its distance from UTC ("UTC−03:00")."""
    name = local.tzname() or ""
    if name.isalpha():
        return name if _locale().language == "en" else _zone_letters(local, name)
    offset = f"{local:%z}".replace("-", MINUS)
    return f"UTC{offset[:3]}:{offset[3:5]}"


def _zone_letters(local: datetime, english: str) -> str:
    """The letters that the reader's language has for the zone, where it has any."""
    theirs = dates.get_timezone_name(local, width="short", locale=_locale())
    return theirs if theirs.isalpha() else english


def zone_city(zone: str) -> str:
    """The place that a time zone is named after: "Europe/Dublin" as "Dublin"."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def duration(value: timedelta | None, most: int = 3) -> str:
    """A length of time to the minute as "3 d 9 h 48 min", its `most` largest parts; a negative one counts as none."""
    if value is None:
        return UNKNOWN
    minutes = max(int(value.total_seconds()) // 60, 0)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, gettext("d")), (hours, gettext("h")), (minutes, gettext("min"))]
    shown = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(shown[:most]) or f"0 {gettext('min')}"


def month_name(value: Cycle | date) -> str:
    """A cycle's month alone, "September", where its year is plain."""
    # No skeleton: CLDR knows none for a month alone, and the nearest one writes it short.
    first = value.first_day if isinstance(value, Cycle) else value
    return dates.format_date(first, "LLLL", locale=_locale())


def short_month(value: Cycle | date, with_year: bool = False) -> str:
    """A cycle's month as "Oct", or as "Oct 2026" where its year must be said."""
    first = value.first_day if isinstance(value, Cycle) else value
    locale = _locale()
    # As it stands alone, with and without the year alike: "Okt", not "Okt." beside "Sep".
    pattern = locale.datetime_skeletons["yMMM"].pattern.replace("MMM", "LLL") if with_year else "LLL"
    return dates.format_date(first, pattern, locale=locale)


def cycle_name(value: Cycle | date | str) -> str:
    """A cycle, its first day or "2026-10" as "October 2026"."""
    if isinstance(value, str):
        value = Cycle.parse(value)
    first = value.first_day if isinstance(value, Cycle) else value
    return _written(first, "LLLL y", "yMMMM")


FILTERS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        units,
        money,
        compact,
        currency_symbol,
        percent,
        over_provisioned,
        signed,
        signed_percent,
        plain,
        for_typing,
        day,
        calendar_day,
        short_day,
        day_span,
        instant,
        short_instant,
        clock_time,
        zone_city,
        duration,
        month_name,
        short_month,
        cycle_name,
    )
}


def register(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters.update(FILTERS)


def _locale() -> Locale:
    return get_locale() or ENGLISH


def _localized(english: str) -> str:
    """A number that Python wrote with "," and "." in the signs of the reader's locale, with a true minus."""
    # Most numbers on a page have no sign in them; asking for the locale would cost more than writing them.
    return english if english.isdigit() else english.translate(_signs(_locale()))


@lru_cache(maxsize=64)
def _signs(locale: Locale) -> dict[int, str]:
    return str.maketrans({",": numbers.get_group_symbol(locale), ".": numbers.get_decimal_symbol(locale), "-": MINUS})


def _written(value: date, english: str, skeleton: str) -> str:
    """English as an operator writes it in Europe and beyond; every other language as its own CLDR pattern has it."""
    locale = _locale()
    if locale.language == "en":
        return dates.format_date(value, english, locale=locale)
    pattern = dates.match_skeleton(skeleton, locale.datetime_skeletons) or "yMMMd"
    return dates.format_skeleton(pattern, value, locale=locale)
