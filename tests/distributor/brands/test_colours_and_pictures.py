"""Which colours can be read, and which files are logos."""

from __future__ import annotations

import zlib

import pytest

from distributor.brands import colours
from distributor.brands.pictures import HIGHEST, MOST_BYTES, WIDEST, PictureRefused, read_picture
from tests.distributor.brands.files import chunk, jpeg, png


@pytest.mark.parametrize(
    ("given", "tidy"), [("#2456D3", "#2456d3"), (" 2456d3 ", "#2456d3"), ("#24d", None), ("red", None)]
)
def test_a_colour_has_one_spelling(given: str, tidy: str | None) -> None:
    assert colours.tidy(given) == tidy


@pytest.mark.parametrize(
    ("colour", "contrast"), [("#000000", "21.0"), ("#ffffff", "1.0"), ("#767676", "4.5"), ("#777777", "4.4")]
)
def test_contrast_is_that_of_wcag_and_never_rounded_up(colour: str, contrast: str) -> None:
    assert str(colours.shown_contrast(colour)) == contrast


@pytest.mark.parametrize("colour", ["#77aaff", "#ffff00", "#ff8800", "#fffffe", "#2456d3"])
def test_the_nearest_readable_colour_can_be_read_and_is_hardly_darker_than_needed(colour: str) -> None:
    nearest = colours.nearest_readable(colour)
    assert 4.5 <= colours.contrast(nearest) <= max(4.6, colours.contrast(colour))


def test_on_dark_ground_a_colour_becomes_lighter() -> None:
    tint = colours.nearest_readable("#0b2a6f", colours.DARK_GROUND)
    assert colours.contrast(tint, colours.DARK_GROUND) >= 4.5


def test_a_png_is_kept_without_texts_and_what_hangs_behind_it() -> None:
    content = png(20, 10, chunk(b"tEXt", b"Author\0somebody"), chunk(b"eXIf", b"a place")) + b"<script>"
    picture = read_picture(content)
    assert (picture.type, picture.width, picture.height) == ("image/png", 20, 10)
    assert picture.content == png(20, 10)


def test_a_jpeg_is_kept_without_places_and_comments() -> None:
    picture = read_picture(jpeg(30, 12, b"\xff\xe1\x00\x09Exif\0\0x", b"\xff\xfe\x00\x06note") + b"PK\x03\x04")
    assert (picture.type, picture.width, picture.height) == ("image/jpeg", 30, 12)
    assert picture.content == jpeg(30, 12)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + bytes(50),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"\x89PNG\r\n\x1a\n<svg/>",
        png(WIDEST + 1, 10),
        png(10, HIGHEST + 1),
        png(0, 10),
        png(20, 10)[:-8],
        png(20, 10).replace(b"IDAT", b"IDAX"),
        png(20, 10, pixels=zlib.compress(bytes(10_000_000))),
        png(20, 10, pixels=b"no zlib"),
        jpeg(WIDEST + 1, 10),
        jpeg(10, 10)[:-6],
        jpeg(10, 10).replace(b"\xff\xc0", b"\xff\xc9"),
        b"\xff\xd8\xff",
        png(20, 10, chunk(b"tEXt", bytes(MOST_BYTES))),
    ],
)
def test_everything_else_is_no_logo(content: bytes) -> None:
    with pytest.raises(PictureRefused):
        read_picture(content)
