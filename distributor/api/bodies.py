"""Reading what was sent: JSON to the letter, no field that nobody knows, no number that is not exact."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import marshmallow as ma
from flask import request
from flask_babel import gettext, ngettext
from werkzeug.exceptions import BadRequest, LengthRequired, RequestEntityTooLarge, UnsupportedMediaType

from distributor.errors import FieldError, InputRefused
from distributor.saying import said
from workflows.words import words

LARGEST_BODY = 5 * 1024 * 1024
LONGEST_NUMBER = 60
MOST_ERRORS = 100
NO_TEXT = re.compile("[\x00\ud800-\udfff]")


class _UnreadableError(ValueError):
    """JSON that is not taken; its first argument says why."""


def raw_body() -> bytes:
    """The body as it came. Raises LengthRequired (411) for a chunked one, RequestEntityTooLarge (413) over 5
    MB.
    """
    check_length()
    return request.get_data(cache=True)


def check_length() -> None:
    """Refuse a body of unknown length, which servers cut silently, and one over 5 MB, before a byte of it is
    read.
    """
    if request.content_length is None:
        if request.headers.get("Transfer-Encoding"):
            raise LengthRequired(gettext("Send the body with a Content-Length; chunked bodies are not taken."))
        return
    if request.content_length > LARGEST_BODY:
        sizes = {"given": str(request.content_length), "most": str(LARGEST_BODY)}
        raise RequestEntityTooLarge(gettext("The body has %(given)s bytes; at most %(most)s are taken.", **sizes))


def json_body(default: Any = None) -> Any:
    """The body as JSON, numbers with decimals as Decimal; `default` where nothing was sent.

    Raises BadRequest (400) for what is no JSON, UnsupportedMediaType (415) for another type, and as
    `raw_body`.
    """
    body = raw_body()
    if not body.strip():
        return default
    if not request.is_json:
        given = request.mimetype or gettext("none")
        why = gettext("This call takes Content-Type application/json, not %(given)s.", given=given)
        raise UnsupportedMediaType(why)
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Strict JSON in UTF-8: no NaN, no name given twice, no endless number. Raises BadRequest."""
    try:
        data = json.loads(
            body.decode("utf-8"),
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
        if b"\\u" in body:
            _check_characters(data)
        return data
    except UnicodeDecodeError as error:
        raise BadRequest(gettext("The body is no UTF-8: byte %(byte)s cannot be read.", byte=error.start)) from error
    except json.JSONDecodeError as error:
        raise BadRequest(_no_json(error)) from error
    except RecursionError as error:
        raise BadRequest(_unreadable(words("it is nested too deeply"))) from error
    except _UnreadableError as error:
        raise BadRequest(_unreadable(error.args[0])) from error


def json_object() -> dict[str, Any]:
    """The JSON body as an object whose fields an operation judges itself. Raises InputRefused."""
    data = json_body(default={})
    if not isinstance(data, dict):
        why = gettext("Give an object with fields.")
        raise InputRefused(why, [FieldError(why)])
    return data


def fields_of(schema: type[ma.Schema]) -> dict[str, Any]:
    """The JSON body as the schema's fields; nothing sent counts as an empty object. Raises InputRefused."""
    return load(schema, json_body(default={}))


def query_of(schema: type[ma.Schema]) -> dict[str, Any]:
    """The query of the address as the schema's fields. Raises InputRefused."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise refused([FieldError(gettext("Give it once."), name) for name in twice])
    return load(schema, request.args.to_dict())


def load(schema: type[ma.Schema], data: Any) -> dict[str, Any]:
    """`data` as the schema's fields. Raises InputRefused that names each wrong one."""
    try:
        loaded: dict[str, Any] = schema().load(data)
    except ma.ValidationError as error:
        raise refused(list(_errors(error.messages))) from error
    return loaded


def load_list(schema: type[ma.Schema], data: Any, most: int) -> list[dict[str, Any]]:
    """`data` as a list of at most `most` of the schema's fields. Raises InputRefused that names each wrong
    one.
    """
    if not isinstance(data, list) or len(data) > most:
        message = gettext("Give a list of at most %(most)s objects.", most=most)
        raise InputRefused(message, [FieldError(message)])
    try:
        loaded: list[dict[str, Any]] = schema(many=True).load(data)
    except ma.ValidationError as error:
        raise refused(list(_errors(error.messages))) from error
    return loaded


def refused(errors: list[FieldError]) -> InputRefused:
    """One refusal for all that is wrong; beyond a hundred, the rest is only counted."""
    count = len(errors)
    why = ngettext(
        "%(num)s value was refused. Nothing was changed.", "%(num)s values were refused. Nothing was changed.", count
    )
    if count > MOST_ERRORS:
        why = gettext("%(why)s The first %(most)s are named.", why=why, most=MOST_ERRORS)
    return InputRefused(why, errors[:MOST_ERRORS])


def _errors(messages: Any, where: str = "") -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _errors(inner, _place(where, key))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield FieldError(said(message), where or None)


def _place(where: str, key: Any) -> str:
    if key == "_schema":
        return where
    name = str(key)[:100].encode("utf-8", "replace").decode()  # half a character cannot be answered back
    return f"{where}.{name}" if where else name


def _no_json(error: json.JSONDecodeError) -> str:
    return gettext(
        "The body is no JSON: %(why)s, line %(line)s, column %(column)s.",
        why=error.msg,
        line=error.lineno,
        column=error.colno,
    )


def _unreadable(why: str) -> str:
    return gettext("The body cannot be read: %(why)s.", why=said(why))


def _check_characters(data: Any) -> None:
    """Escapes can spell what no text may hold: NUL, and halves of characters."""
    if isinstance(data, str) and NO_TEXT.search(data):
        raise _UnreadableError(words("a text holds a NUL or half a character"))
    if isinstance(data, dict):
        data = [*data, *data.values()]
    for inner in data if isinstance(data, list) else ():
        _check_characters(inner)


def _decimal(literal: str) -> Decimal:
    if len(literal) > LONGEST_NUMBER:
        raise _UnreadableError(words("a number has more than %(most)s characters", most=LONGEST_NUMBER))
    return Decimal(literal)


def _integer(literal: str) -> int:
    if len(literal) > LONGEST_NUMBER:
        raise _UnreadableError(words("a number has more than %(most)s digits", most=LONGEST_NUMBER))
    return int(literal)


def _no_number(literal: str) -> None:
    raise _UnreadableError(words("%(given)s is no number", given=literal))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _UnreadableError(words("a name stands twice in one object"))
    return fields
