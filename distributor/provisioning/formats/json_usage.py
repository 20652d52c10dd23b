"""As JSON: ``{source?, counted_at?, lines: [{customer_ref, customer_name, sku, provisioned_units, …}]}``.

Numbers may be strings or numbers; they are kept as they are written, never as floats.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import IO

from distributor.provisioning.formats import own_layout
from distributor.provisioning.formats.csv_tables import UTF_8, encoding_of, wrong_encoding
from distributor.provisioning.formats.shapes import (
    LONGEST_SOURCE,
    SOURCE_TAKEN,
    Limits,
    RefusedRow,
    UnreadableFile,
    UsageFile,
)
from distributor.provisioning.formats.tables import NumberedRow, Table, listed, too_many_rows
from distributor.provisioning.formats.values import SHOWN, NumberToken, WrongValue, instant_of, shown, text_of
from workflows.words import words

KEYS = ("source", "counted_at", "lines")
SHAPE = words('The JSON should look like {"lines": [{"customer_ref": …, "customer_name": …, "sku": …, …}]}')


def read_json(file: IO[bytes], limits: Limits) -> UsageFile:
    """The usage in a JSON document. No lines at all means that nothing was used. Raises UnreadableFile."""
    document = _document(file)
    usage = UsageFile("json", source=_source(document))
    if usage.takes_microsofts_name:
        raise UnreadableFile(SOURCE_TAKEN, "source")
    _set_counted_at(document, usage)
    lines = document.get("lines")
    if not isinstance(lines, list):
        raise UnreadableFile(words("“lines” is missing or not a list. %(shape)s.", shape=SHAPE))
    if len(lines) > limits.max_rows:
        raise too_many_rows(len(lines), limits)
    own_layout.read_rows(Table(own_layout.COLUMNS, _cells(lines, usage)), usage)
    return usage


def _document(file: IO[bytes]) -> dict[str, object]:
    document = _parsed(_decoded(file))
    if not isinstance(document, dict):
        raise UnreadableFile(words("The JSON is not an object. %(shape)s.", shape=SHAPE))
    unknown = [str(key) for key in document if key not in KEYS]
    if unknown:
        raise UnreadableFile(
            words(
                "The JSON has fields that are not known: %(unknown)s. Known: %(known)s.",
                unknown=listed(unknown),
                known=", ".join(KEYS),
            )
        )
    return document


def _decoded(file: IO[bytes]) -> str:
    encoding = encoding_of(file)
    try:
        return file.read().decode(encoding)
    except UnicodeError:
        raise wrong_encoding(file, UTF_8) from None


def _parsed(text: str) -> object:
    try:
        return json.loads(
            text,
            parse_int=NumberToken,
            parse_float=NumberToken,
            parse_constant=NumberToken,
            object_pairs_hook=_without_doubles,
        )
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        raise UnreadableFile(words("The JSON is broken at line %(line)s, column %(column)s.", **where)) from None
    except RecursionError:
        raise UnreadableFile(words("The JSON is nested too deeply. %(shape)s.", shape=SHAPE)) from None


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
        raise UnreadableFile(words("The JSON names %(names)s twice in one object.", names=listed(twice)))
    return fields


def _source(document: dict[str, object]) -> str:
    if document.get("source") is None:
        return "feed"
    try:
        source = text_of(_text_only(document["source"]), LONGEST_SOURCE)
    except WrongValue as wrong:
        raise UnreadableFile(words("“source”: %(why)s.", why=wrong.reason), "source") from None
    if not source:
        raise UnreadableFile(words("“source” is blank. Leave it out, or name the system that counted."), "source")
    return source


def _set_counted_at(document: dict[str, object], usage: UsageFile) -> None:
    given = document.get("counted_at")
    if given is None:
        return
    # Without an offset nobody knows which instant is meant; the dates of other layouts are UTC by definition.
    if not isinstance(given, str) or "T" not in given or not (given.endswith("Z") or given[-6:-5] in {"+", "-"}):
        raise UnreadableFile(
            words("“counted_at”: %(given)s is not a time like 2026-10-31T18:00:00Z.", given=shown(given))
        )
    try:
        usage.counted_at = instant_of(given)
    except WrongValue as wrong:
        raise UnreadableFile(words("“counted_at”: %(why)s.", why=wrong.reason)) from None


def _cells(lines: list[object], usage: UsageFile) -> Iterator[NumberedRow]:
    for number, line in enumerate(lines, 1):
        if not isinstance(line, dict):
            usage.refused.append(RefusedRow(number, None, words("is not an object. %(shape)s", shape=SHAPE)))
            continue
        unknown = [str(key) for key in line if key not in own_layout.COLUMNS]
        if unknown:
            known = ", ".join(own_layout.COLUMNS)
            reason = words("is a field that is not known. Known: %(known)s", known=known)
            usage.refused.extend(RefusedRow(number, key[:SHOWN], reason) for key in unknown)
        else:
            yield number, [line.get(name) for name in own_layout.COLUMNS]


def _text_only(value: object) -> str:
    if isinstance(value, str) and not isinstance(value, NumberToken):
        return value
    raise WrongValue(words("%(given)s is not a text", given=shown(value)))
