"""Taking in a file: counted while it is read, and what its first bytes say it is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from typing import IO, BinaryIO, Literal

from distributor.provisioning.formats.shapes import MIB, Limits, UnreadableFile
from distributor.provisioning.formats.values import shown
from workflows.words import words

Container = Literal["workbook", "json", "text"]

CHUNK = 256 * 1024
IN_MEMORY = 8 * MIB
START = 512

ZIP = b"PK\x03\x04"
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
# Files that people confuse with an export, by how they begin.
OTHERS = {
    b"%PDF": words("a PDF"),
    b"\x89PNG": words("a picture"),
    b"\xff\xd8\xff": words("a picture"),
    b"\x1f\x8b": words("compressed with gzip"),
    b"<?xml": words("XML"),
    b"<htm": words("a web page"),
    b"<!do": words("a web page"),
}


@contextmanager
def taken_in(data: BinaryIO | bytes, limits: Limits) -> Iterator[IO[bytes]]:
    """A seekable copy of the file. Raises UnreadableFile for one that is too large or empty."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        if not _copied(BytesIO(data) if isinstance(data, bytes) else data, copy, limits):
            raise UnreadableFile(words("The file is empty."))
        yield copy


def _copied(source: BinaryIO, copy: IO[bytes], limits: Limits) -> int:
    size = 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limits.max_bytes:
            most = Decimal(limits.max_bytes) / MIB
            raise UnreadableFile(words("The file is larger than %(most)s MB. Split it.", most=most))
        copy.write(chunk)
    return size


def container_of(file: IO[bytes], name: str | None) -> Container:
    """What the file is by its first bytes; its name only serves the message. Raises UnreadableFile."""
    file.seek(0)
    start = file.read(START)
    if start.startswith(ZIP):
        return "workbook"
    _refuse_other(start, name)
    text = start.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return "json" if text.lstrip()[:1] in {b"{", b"["} else "text"


def _refuse_other(start: bytes, name: str | None) -> None:
    if start.startswith(OLD_OFFICE):
        raise UnreadableFile(
            words(
                "This is an old Excel file (.xls) or one with a password. "
                "Save it as “Excel Workbook (.xlsx)” without a password."
            )
        )
    kind = next((kind for begin, kind in OTHERS.items() if start.lower().startswith(begin.lower())), None)
    if kind is not None:
        raise UnreadableFile(words("The file is %(kind)s, not a usage file. Upload CSV, XLSX or JSON.", kind=kind))
    if name is not None and name.casefold().endswith((".xlsx", ".xlsm", ".xls", ".xlsb")):
        raise UnreadableFile(
            words(
                "%(name)s is named like an Excel workbook, but its content is not one. "
                "Save it again as “Excel Workbook (.xlsx)”, or name it .csv if it is that.",
                name=shown(name),
            )
        )
