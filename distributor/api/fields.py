"""The kinds of values that come in. Each refuses in a sentence what the database, or a person, could not
take.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import marshmallow as ma
from marshmallow.validate import Length, OneOf

from workflows.errors import InvalidCycle
from workflows.report_cycle import Cycle
from workflows.words import words

WORDS = {"required": words("This field is required."), "null": words("This field cannot be null.")}
# PostgreSQL stores no NUL, UTF-8 no lone surrogate, and other control characters are never meant.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LONGEST_NUMBER = 60
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


class Fields(ma.Schema):
    """Base of every body and query: a name that is not declared is refused, so that a slip of the pen is
    noticed.
    """

    error_messages = {  # noqa: RUF012 - marshmallow's own way
        "unknown": words("There is no such field here."),
        "type": words("Give an object with fields."),
    }


class Text(ma.fields.String):
    """A text of at most `longest` characters; blank ones are refused unless `blank`."""

    default_error_messages: Mapping[str, str] = {
        **WORDS,
        "invalid": words("Give a text."),
        "control": words("Control characters and broken Unicode are not taken."),
        "blank": words("Give a text that is more than white space."),
    }  # type: ignore[assignment]  # a ClassVar in marshmallow's eyes

    def __init__(self, longest: int, *, blank: bool = False, **more: Any) -> None:
        why = words("At most %(most)s characters are taken.", most=longest)
        super().__init__(validate=Length(max=longest, error=why), **more)
        self.blank = blank

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        given: str = super()._deserialize(value, attr, data, **more)
        if UNSTORABLE.search(given):
            raise self.make_error("control")
        if not self.blank and not given.strip():
            raise self.make_error("blank")
        return given


class Choice(ma.fields.String):
    """One of a few words."""

    default_error_messages = {**WORDS, "invalid": words("Give a text.")}  # noqa: RUF012 - marshmallow's own way

    def __init__(self, *choices: str, **more: Any) -> None:
        why = words("Give one of: %(choices)s.", choices=", ".join(choices))
        super().__init__(validate=OneOf(choices, error=why), **more)


class Whole(ma.fields.Integer):
    """A whole number from `lowest` to `highest`; in a query it comes as digits, in JSON never as a text."""

    default_error_messages = {  # noqa: RUF012 - marshmallow's own way
        **WORDS,
        "invalid": words("Give a whole number."),
        "too_large": words("This number is too large."),
    }

    def __init__(self, lowest: int, highest: int, *, digits: bool = False, **more: Any) -> None:
        why = words("Give a whole number from %(lowest)s to %(highest)s.", lowest=lowest, highest=highest)
        super().__init__(validate=ma.validate.Range(lowest, highest, error=why), **more)
        self.digits = digits

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        if self.digits and isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid")
        return value


class Flag(ma.fields.Boolean):
    """true or false; in a query it comes as that word."""

    default_error_messages = {**WORDS, "invalid": words("Give true or false.")}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> bool:
        known = {True: True, False: False, "true": True, "false": False}
        if not isinstance(value, bool | str) or value not in known:
            raise self.make_error("invalid")
        return known[value]


class Identity(ma.fields.UUID):
    """The UUID that the API gave a thing."""

    default_error_messages = {**WORDS, "invalid_uuid": words("Give the id as it was given to you, a UUID.")}  # noqa: RUF012 - marshmallow's own way


class Exact(ma.fields.Field[Any]):
    """An exact number, as text or as a JSON number: handed on as it came, for the rules to judge its
    precision.
    """

    default_error_messages = {**WORDS, "invalid": words('Give a number, best as a text such as "2.85".')}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str | int | Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self.make_error("invalid")
        return value


class Amount(Exact):
    """An exact number from 0 to `highest` with at most `places` decimals, judged by value: "1.500" has one."""

    def __init__(self, places: int, highest: str, **more: Any) -> None:
        super().__init__(**more)
        self.places, self.highest = places, Decimal(highest)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Decimal:
        text = str(super()._deserialize(value, attr, data, **more)).strip(" ")
        if len(text) > LONGEST_NUMBER or not NUMBER.fullmatch(text):
            raise self.make_error("invalid")
        number = Decimal(text)
        if number > self.highest:
            highest = f"{self.highest:f}"
            raise ma.ValidationError(words("Give a number from 0 to %(highest)s.", highest=highest))
        if -int(number.normalize().as_tuple().exponent) > self.places:
            raise ma.ValidationError(words("At most %(places)s decimals are taken.", places=self.places))
        return number


class CycleField(ma.fields.Field[Cycle]):
    """A report cycle such as "2026-10"."""

    default_error_messages = {**WORDS}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Cycle:
        try:
            return Cycle.parse(value if isinstance(value, str) else str(value)[:40])
        except InvalidCycle as error:
            raise ma.ValidationError(error.message) from error


class Day(ma.fields.Date):
    """A day such as "2026-10-31"."""

    default_error_messages = {**WORDS, "invalid": words("Give a day such as 2026-10-31.")}  # noqa: RUF012 - marshmallow's own way


class Items(ma.fields.List[Any]):
    """A list of at most `most` things."""

    default_error_messages = {**WORDS, "invalid": words("Give a list.")}  # noqa: RUF012 - marshmallow's own way

    def __init__(self, inner: Any, most: int, **more: Any) -> None:
        why = words("At most %(most)s are taken.", most=most)
        super().__init__(inner, validate=Length(max=most, error=why), **more)


class Part(ma.fields.Nested):
    """Fields within a field."""

    default_error_messages = {**WORDS, "type": words("Give an object with fields.")}  # noqa: RUF012 - marshmallow's own way


def document_fields(register: Any) -> None:
    """Tell the document what each kind looks like; `register` is flask-smorest's `Api.register_field`."""
    register(Exact, ["string", "number"], "decimal")
    register(CycleField, "string", None)
