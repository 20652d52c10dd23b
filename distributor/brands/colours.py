"""Colours that can be read: the contrast of WCAG 2.2, and the nearest colour that has enough of it.

Colours are written "#2456d3". Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal

WHITE = "#ffffff"
# The ground of a mail's card in a dark mail program (templates/email/dark.css).
DARK_GROUND = "#151920"
LEAST_CONTRAST = 4.5
STEPS = 256

_FORM = re.compile(r"#?([0-9a-fA-F]{6})")


def tidy(text: str) -> str | None:
    """The colour in its one spelling; None when `text` is none."""
    match = _FORM.fullmatch(text.strip())
    return f"#{match[1].lower()}" if match else None


def contrast(colour: str, ground: str = WHITE) -> float:
    """From 1 (the same) to 21 (black on white)."""
    dark, light = sorted((_luminance(colour), _luminance(ground)))
    return (light + 0.05) / (dark + 0.05)


def shown_contrast(colour: str, ground: str = WHITE) -> Decimal:
    """The contrast with one decimal, never rounded up: 4.49 must not read as 4.5."""
    return Decimal(contrast(colour, ground)).quantize(Decimal("0.1"), ROUND_DOWN)


def is_readable(colour: str, ground: str = WHITE) -> bool:
    """Whether text of this colour on the ground, or the other way round, has the contrast of level AA."""
    return contrast(colour, ground) >= LEAST_CONTRAST


def nearest_readable(colour: str, ground: str = WHITE) -> str:
    """The colour mixed with as little black (on a dark ground: white) as makes it readable."""
    towards = WHITE if _luminance(ground) < 0.18 else "#000000"
    mixed = (_mixed(colour, towards, step / STEPS) for step in range(STEPS + 1))
    return next(one for one in mixed if is_readable(one, ground))


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
