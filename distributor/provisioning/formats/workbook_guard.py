"""Judging a workbook before it is opened, and handing on only what was judged.

The library that reads workbooks lays a sheet out as one rectangle and copies a shared text into each cell
that names it: a single cell far away, or one long text in many cells, and it asks for so much memory that
the process is ended. So every part it could look at passes ``PartScan`` first, and it is given a copy of
exactly those parts.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, NoReturn
from xml.parsers import expat

from distributor.provisioning.formats.part_scan import Broken, PartScan, SharedTexts
from distributor.provisioning.formats.shapes import MIB, Limits, UnreadableFile
from distributor.provisioning.formats.sheet_names import sheet_parts
from workflows.words import words

MOST_MEMBERS = 1000
CHUNK = 256 * 1024
# An expat before 2.6 looks at an unfinished token again with every chunk.
LONGEST_TOKEN = MIB
# Small files reach high ratios without harm.
RATIO_COUNTS_FROM = MIB

SHARED_TEXTS = "xl/sharedstrings.xml"
NAMES = ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
# Parts that say nothing about the values of cells.
UNREAD = (
    "docprops/",
    "customxml/",
    "xl/theme/",
    "xl/drawings/",
    "xl/charts/",
    "xl/pivot",
    "xl/comments",
    "xl/media/",
)

NO_WORKBOOK = words(
    "The content is not that of an Excel workbook (.xlsx). Save it again as “Excel Workbook” or as CSV."
)
# What zipfile and expat raise on broken input, an unknown compression, encoding or a password among it.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def guard(file: IO[bytes], copy: IO[bytes], limits: Limits) -> dict[str, Broken]:
    """Judge a workbook and write what may be read of it into ``copy``.

    Gives, per name of a sheet, the cells without a value of their own. Raises UnreadableFile for what is no workbook
    or is larger in any way than allowed.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _judged(archive, _members(archive, file, limits), copy, limits)
    except expat.ExpatError:
        raise UnreadableFile(words("A part of the workbook is broken XML. %(hint)s", hint=NO_WORKBOOK)) from None
    except _BROKEN:
        raise UnreadableFile(NO_WORKBOOK) from None


def _members(archive: zipfile.ZipFile, file: IO[bytes], limits: Limits) -> list[zipfile.ZipInfo]:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        given, most = Decimal(len(members)), Decimal(MOST_MEMBERS)
        raise UnreadableFile(words("The workbook has %(given)s parts; at most %(most)s.", given=given, most=most))
    names = [member.filename.casefold() for member in members]
    if len(set(names)) < len(names):
        raise UnreadableFile(words("The workbook has two parts of the same name. %(hint)s", hint=NO_WORKBOOK))
    if not set(NAMES) <= set(names):
        raise UnreadableFile(NO_WORKBOOK)
    # zipfile never inflates a member beyond the size it declares, so the sum of these is a bound.
    _check_inflated(sum(member.file_size for member in members), file.seek(0, 2), limits)
    return sorted((member for member in members if _is_read(member)), key=_shared_texts_first)


def _check_inflated(inflated: int, packed: int, limits: Limits) -> None:
    if inflated > limits.max_inflated:
        raise UnreadableFile(
            words(
                "The workbook unpacks to %(given)s MB; at most %(most)s MB. Save it as CSV, or split it.",
                given=Decimal(round(inflated / MIB)),
                most=Decimal(limits.max_inflated // MIB),
            )
        )
    if inflated > max(RATIO_COUNTS_FROM, limits.zip_ratio * packed):
        raise UnreadableFile(
            words(
                "The workbook unpacks to %(given)s times its size; at most %(most)s times. Save it as CSV.",
                given=Decimal(inflated // max(1, packed)),
                most=limits.zip_ratio,
            )
        )


def _is_read(member: zipfile.ZipInfo) -> bool:
    name = member.filename.casefold()
    return name.endswith((".xml", ".rels")) and not name.startswith(UNREAD)


def _shared_texts_first(member: zipfile.ZipInfo) -> bool:
    return member.filename.casefold() != SHARED_TEXTS


def _judged(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], copy: IO[bytes], limits: Limits
) -> dict[str, Broken]:
    texts, broken = SharedTexts(limits.max_inflated), {}
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for member in members:
            scan = PartScan(texts, member.file_size, limits)
            with archive.open(member) as source, target.open(member.filename, "w") as sink:
                for chunk in _scanned(source, scan):
                    sink.write(chunk)
            broken[member.filename.casefold()] = scan.broken
    parts = sheet_parts(*(archive.read(_named(members, name)) for name in NAMES))
    return {sheet: broken.get(part, {}) for sheet, part in parts.items()}


def _named(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    return next(member for member in members if member.filename.casefold() == name)


def _scanned(source: IO[bytes], scan: PartScan) -> Iterator[bytes]:
    """The chunks of a part, each judged before it is handed on."""
    parser = _parser(scan)
    fed = 0
    while chunk := source.read(CHUNK):
        parser.Parse(chunk, False)
        fed += len(chunk)
        if fed - max(0, parser.CurrentByteIndex) > LONGEST_TOKEN:
            raise UnreadableFile(
                words("A part of the workbook holds one piece of more than 1 MB. %(hint)s", hint=NO_WORKBOOK)
            )
        yield chunk
    parser.Parse(b"", True)


def _parser(scan: PartScan) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.characters
    return parser


def _refuse_doctype(*_: object) -> NoReturn:
    raise UnreadableFile(
        words("The workbook holds XML entities or a document type, which no spreadsheet program writes.")
    )
