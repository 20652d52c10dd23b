"""The icons of our pages, from Tabler's outline set, as one SVG sprite."""

from __future__ import annotations

import re
from pathlib import Path

ICONS = sorted(
    """adjustments alert-circle alert-triangle arrow-back-up arrow-down arrow-left arrow-right arrow-up ban bell
    bookmark-plus building building-community building-store calendar calendar-repeat cash chart-line check checks
    chevron-down chevron-left chevron-right chevron-up circle-check circle-x clock clock-exclamation columns-3 copy
    currency-dollar currency-euro currency-pound device-floppy dots download edit equal-double external-link eye file-invoice file-off
    file-plus file-spreadsheet file-text filter filter-cog fingerprint flag folder-open git-commit hash help history
    hourglass-low inbox info-circle key keyboard layout-dashboard link list-check lock logout mail mail-forward mail-off menu-2
    message message-check message-exclamation message-plus minus moon packages pencil plug-connected
    plug-connected-x plus printer receipt refresh report-money robot search selector send server-off settings
    shield-lock sun trash trending-down trending-up upload user user-circle users wifi-off x""".split()
)

# These are drawn by CSS as masks, because scripts change them in thousands of rows by one attribute: a file each.
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
        plain = plain.replace("</symbol>", "</svg>").replace("currentColor", "#000")
        (target / f"{name}.svg").write_text(plain + "\n", encoding="utf-8")


def sprite(folder: Path) -> str:
    """Build the sprite from Tabler's ``icons`` folder.

    Raises FileNotFoundError where Tabler has no outline icon of a name in ``ICONS``.
    """
    symbols = "\n".join(symbol(name, (folder / "outline" / f"{name}.svg").read_text(encoding="utf-8")) for name in ICONS)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def symbol(name: str, svg: str) -> str:
    """Turn one icon file into a symbol: strokes take the colour of the text around them."""
    paths = re.findall(r'<path(?! stroke="none")[^>]*?\bd="([^"]+)"[^>]*/>', svg)
    shapes = "".join(f'<path d="{path}"/>' for path in paths)
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
    )
