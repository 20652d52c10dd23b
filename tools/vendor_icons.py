"""The icons of our pages (``icons.txt``), from Tabler's outline set: one SVG sprite, and a few mask files."""

from __future__ import annotations

import re
from pathlib import Path

ICONS = (Path(__file__).parent / "icons.txt").read_text(encoding="utf-8").split()

# CSS draws these as masks, a file each, so that a script changes the icon of a line by one attribute.
MASKS = (
    "alert-circle",
    "equal-double",
    "message-check",
    "message-exclamation",
    "message-plus",
    "trending-down",
    "trending-up",
)


def write_masks(folder: Path, target: Path) -> None:
    """Copy the icons that stylesheets use as masks."""
    target.mkdir(exist_ok=True)
    for name in MASKS:
        svg = (folder / "outline" / f"{name}.svg").read_text(encoding="utf-8")
        plain = symbol(name, svg).replace("<symbol", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        plain = plain.replace("</symbol>", "</svg>").replace("currentColor", '#000" stroke-width="1.75')
        (target / f"{name}.svg").write_text(plain + "\n", encoding="utf-8")


def sprite(folder: Path) -> str:
    """Build the sprite from Tabler's ``icons`` folder.

    Raises FileNotFoundError where Tabler has no outline icon of a name in ``ICONS``.
    """
    symbols = "\n".join(
        symbol(name, (folder / "outline" / f"{name}.svg").read_text(encoding="utf-8")) for name in ICONS
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def symbol(name: str, svg: str) -> str:
    """Turn one icon file into a symbol: strokes take the colour of the text around them."""
    paths = re.findall(r'<path(?! stroke="none")[^>]*?\bd="([^"]+)"[^>]*/>', svg)
    shapes = "".join(f'<path d="{path}"/>' for path in paths)
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
    )
