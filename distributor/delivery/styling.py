"""A mail's styles on its elements: what `templates/email/styles.css` says of a class is written beside the class.

Most mail programs drop style sheets or parts of them, none drops the style of an element. Only what hangs on the
reader's screen (`dark.css`: narrow, dark) has to stay a style sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup

from distributor.brands.colours import DARK_GROUND, nearest_readable

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Classes that only dark.css knows.
SCREEN_ONLY = frozenset({"edge", "plate", "wide"})

_RULE = re.compile(r"\.([a-z][a-z-]*)\s*\{([^}]*)\}")


def rules(sheet: str) -> dict[str, str]:
    """The declarations of each class of a style sheet that has one class per rule."""
    return {name: " ".join(declared.split()) for name, declared in _RULE.findall(_COMMENT.sub("", sheet))}


def styles(sheet: Mapping[str, str], colour: str) -> Callable[..., Markup]:
    """`on("cell", "num")` of the templates: a class attribute and the style it stands for; empty names are passed over.
    A class that is nowhere known raises LookupError.
    """

    def on(*names: str) -> Markup:
        given = [name for name in names if name]
        declared = " ".join(sheet[name] for name in given if name not in SCREEN_ONLY).replace("var(--brand)", colour)
        return Markup('class="{}" style="{}"').format(" ".join(given), declared)

    return on


def screen_sheet(sheet: str, colour: str) -> Markup:
    """What changes on narrow and dark screens; links get a tint of the colour that can be read on dark ground."""
    dark = nearest_readable(colour, DARK_GROUND)
    return Markup(_COMMENT.sub("", sheet).replace("var(--brand-dark)", dark).strip())  # noqa: S704 - a file of ours
