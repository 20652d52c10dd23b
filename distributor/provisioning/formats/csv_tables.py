"""CSV files: encoding, separator, and rows numbered as a spreadsheet numbers them."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import IO

from distributor.provisioning.formats.shapes import Limits, UnreadableFile
from distributor.provisioning.formats.tables import Table, header_of, limited
from workflows.words import words

SEPARATORS = (",", ";", "\t")
LONGEST_HEADER = 100_000
# The limit of the library that reads CSV.
LONGEST_CELL = 131_072
UTF_8 = "utf-8-sig"


def read_table(file: IO[bytes], limits: Limits) -> Table:
    """The table in a CSV file; rows are read on demand. Raises UnreadableFile, also while they are."""
    encoding = encoding_of(file)
    separator = _separator_of(_first_line(file, encoding))
    rows = _records(file, encoding, separator)
    header = header_of(next(rows, (1, ()))[1], limits)
    return Table(header, limited(rows, limits), decimal_comma=separator == ";")


def encoding_of(file: IO[bytes]) -> str:
    """UTF-16 by its mark or by the zeros of plain letters, else UTF-8. Leaves the file at its beginning."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    if len(start) >= 2 and 0 in start[:2] and start[:2] != b"\0\0":
        return "utf-16-le" if start[1] == 0 else "utf-16-be"
    return UTF_8


def wrong_encoding(file: IO[bytes], encoding: str) -> UnreadableFile:
    """The refusal of a file that is not in ``encoding``, with the line for UTF-8."""
    if encoding != UTF_8:
        return UnreadableFile(words("The file begins like UTF-16 text but is not. Save it as “CSV UTF-8”."))
    line = _first_line_not_utf_8(file)
    return UnreadableFile(
        words("Line %(line)s is not UTF-8 text: it may be in an old encoding. Save the file as “CSV UTF-8”.", line=line)
    )


def _first_line(file: IO[bytes], encoding: str) -> str:
    with _text(file, encoding) as text:
        try:
            return text.readline(LONGEST_HEADER)
        except UnicodeError:
            raise wrong_encoding(file, encoding) from None


def _separator_of(line: str) -> str:
    # The most columns win; without any separator in it the comma does as well as another.
    return max(SEPARATORS, key=line.count)


def _records(file: IO[bytes], encoding: str, separator: str) -> Iterator[tuple[int, Sequence[object]]]:
    with _text(file, encoding) as text:
        reader = csv.reader(text, delimiter=separator, strict=True)
        try:
            yield from enumerate(reader, 1)
        except UnicodeError:
            raise wrong_encoding(file, encoding) from None
        except csv.Error as error:
            raise _wrong_csv(reader.line_num, str(error)) from None


def _wrong_csv(line: int, error: str) -> UnreadableFile:
    if "limit" in error:
        why = words(
            "a cell is longer than %(most)s characters; is a quotation mark not closed?", most=Decimal(LONGEST_CELL)
        )
    else:
        why = words("a quotation mark stands where none may stand, or is not closed.")
    return UnreadableFile(words("The file can't be read at line %(line)s: %(why)s", line=line, why=why))


def _first_line_not_utf_8(file: IO[bytes]) -> int:
    file.seek(0)
    for number, line in enumerate(file, 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return number
    return 1


@contextmanager
def _text(file: IO[bytes], encoding: str) -> Iterator[io.TextIOWrapper]:
    """The file as text, from its beginning; it stays open afterwards."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield text
    finally:
        if not file.closed:
            text.detach()
