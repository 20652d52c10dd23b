"""Signs that input was meant to deceive: what a person who only mistyped never sends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from flask import request

from distributor.words import fits_on_a_line, is_disguised, is_storable

OVERLONG = 10_000
# Enough to find a sign, little enough to look at however much was sent.
MOST_FIELDS, MOST_CHARACTERS, LARGEST_JSON = 200, 500, 65_536
LONGEST_FIELD_NAME = 40

_ONE_LINE = re.compile(r"(?:.*_)?(?:name|email|phone|number|ref|sku|subject|domains?|issuer)")
_HEADER = re.compile(r"[\r\n]+[ \t]*[A-Za-z][A-Za-z-]{0,40}[ \t]*:")
_BREAK = re.compile(r"[\r\n]")


def found() -> dict[str, list[str]]:
    """In which `fields` of this request which `signs` stand: names and kinds, never what was sent. Empty for none."""
    seen = [(name, sign) for name, text in islice(_sent(), MOST_FIELDS) for sign in signs_of(name, text)]
    if not seen:
        return {}
    fields = dict.fromkeys(name[:LONGEST_FIELD_NAME] for name, _ in seen if fits_on_a_line(name))
    return {"fields": list(fields)[:5], "signs": sorted({sign for _, sign in seen})}


def signs_of(name: str, text: str) -> list[str]:
    """What in the text of a field was meant to deceive."""
    start = text[:MOST_CHARACTERS]
    is_one_line = _ONE_LINE.fullmatch(name) is not None
    signs = {
        "overlong": len(text) >= OVERLONG,
        "control-characters": not is_storable(start) or not fits_on_a_line(re.sub(r"[\t\r\n]", " ", start)),
        "header": _HEADER.search(start) is not None and is_one_line,
        "line-break": _BREAK.search(start.strip()) is not None and is_one_line,
        "look-alikes": is_disguised(start),
    }
    return [sign for sign, is_there in signs.items() if is_there]


def _sent() -> Iterator[tuple[str, str]]:
    if request.is_json:
        yield from _texts("", _json())
        return
    yield from request.form.items(multi=True)
    yield from ((name, file.filename or "") for name, file in request.files.items(multi=True))


def _json() -> Any:
    """The body where it is JSON of a usual size; nothing else is looked at."""
    if (request.content_length or 0) > LARGEST_JSON:
        return None
    try:
        return json.loads(request.get_data(cache=True))
    except (ValueError, RecursionError):
        return None


def _texts(name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict) and depth < 5:
        for key, one in value.items():
            yield from _texts(str(key), one, depth + 1)
    elif isinstance(value, list) and depth < 5:
        for one in value:
            yield from _texts(name, one, depth + 1)
