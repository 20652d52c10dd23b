"""Logos: PNG and JPEG by their content, whatever a file calls itself; kept without anything but the picture.

A file is taken apart and put together again from the parts that draw: texts, places, thumbnails, animations and
whatever hangs behind the picture's end stay behind. Sources: https://www.w3.org/TR/png-3/ and ITU T.81, annex B.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext

MOST_BYTES = 200_000
WIDEST, HIGHEST = 1200, 400

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_DRAWS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"})
# Bits per pixel by colour type, at a depth of one bit per sample.
PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
SOF = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what browsers draw
SOS, EOI = 0xDA, 0xD9
# Tables, frame, scan, restart interval, JFIF (APP0) and Adobe's note on how the colours are stored (APP14).
JPEG_DRAWS = SOF | {0xDB, 0xC4, 0xDD, SOS, 0xE0, 0xEE}


class PictureRefused(ValueError):  # noqa: N818 - reads as what became of the file
    """The file is no picture that is taken; the message says what it is instead, to stand after "this file is"."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes, cleaned, with its media type and size in pixels."""

    content: bytes
    type: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """The picture, cleaned. Raises PictureRefused."""
    if len(content) > MOST_BYTES:
        raise PictureRefused(gettext("larger"))
    if content.startswith(PNG_SIGNATURE):
        picture = _png(content)
    elif content.startswith(JPEG_START):
        picture = _jpeg(content)
    else:
        raise PictureRefused(gettext("neither PNG nor JPEG"))
    if not (0 < picture.width <= WIDEST and 0 < picture.height <= HIGHEST):
        raise PictureRefused(gettext("%(width)s × %(height)s pixels", width=picture.width, height=picture.height))
    return picture


def _png(content: bytes) -> Picture:
    chunks = [(kind, data) for kind, data in _chunks(content) if kind in PNG_DRAWS]
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds.count(b"IHDR") != 1 or b"IDAT" not in kinds or kinds[-1] != b"IEND":
        raise PictureRefused(gettext("a PNG that is not whole"))
    header = chunks[0][1]
    if len(header) != 13 or header[9] not in PNG_SAMPLES or header[8] not in {1, 2, 4, 8, 16}:
        raise PictureRefused(gettext("a PNG with a broken header"))
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    if 0 < width <= WIDEST and 0 < height <= HIGHEST:
        _check_pixels(b"".join(data for kind, data in chunks if kind == b"IDAT"), header, width, height)
    return Picture(PNG_SIGNATURE + b"".join(_chunk(*one) for one in chunks), "image/png", width, height)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_SIGNATURE)
    while True:
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        data, check = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if len(check) != 4 or zlib.crc32(kind + data) != int.from_bytes(check, "big"):
            raise PictureRefused(gettext("a PNG that is damaged or cut off"))
        yield kind, data
        if kind == b"IEND":
            return
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def _check_pixels(packed: bytes, header: bytes, width: int, height: int) -> None:
    """The pixels must unpack, to no more than a picture of this size can have (interlaced ones have more lines)."""
    most = height * 2 * (1 + (width * PNG_SAMPLES[header[9]] * header[8] + 7) // 8 + 8)
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed, most)
    except zlib.error:
        raise PictureRefused(gettext("a PNG whose pixels are damaged")) from None
    if not unpacking.eof:
        raise PictureRefused(gettext("a PNG whose pixels do not fit its size"))


def _jpeg(content: bytes) -> Picture:
    kept, size = [JPEG_START], (0, 0)
    for marker, part in _segments(content):
        if marker in SOF and len(part) > 9:
            size = int.from_bytes(part[7:9], "big"), int.from_bytes(part[5:7], "big")
        if marker in JPEG_DRAWS:
            kept.append(part)
    return Picture(b"".join([*kept, JPEG_END]), "image/jpeg", *size)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each segment with its marker, a scan together with its coded data; ends at the picture's end."""
    at = len(JPEG_START)
    while True:
        marker = content[at + 1] if content[at : at + 1] == b"\xff" and at + 1 < len(content) else None
        if marker == EOI:
            return
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        end = at + 2 + length
        if marker is None or length < 2 or end >= len(content):
            raise PictureRefused(gettext("a JPEG that is damaged or cut off"))
        if marker == SOS:
            end = _end_of_scan(content, end)
        yield marker, content[at:end]
        at = end


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the next marker stands that is neither a restart nor an escaped 255."""
    while (at := content.find(b"\xff", at)) >= 0 and at + 1 < len(content):
        if content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7 and content[at + 1] != 0xFF:
            return at
        at += 1 if content[at + 1] == 0xFF else 2
    raise PictureRefused(gettext("a JPEG that is cut off"))
