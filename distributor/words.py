"""Text that people give: which characters a name, and which a longer text, may hold."""

from __future__ import annotations

import re
import unicodedata

# Control characters, separators of lines and paragraphs, overrides of the direction, halves of characters: in a name
# they break a line or a header, or show other words than are stored. Joiners stay: some scripts are written with them.
_NOT_ON_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Scripts with letters that look like those of another (Unicode Technical Standard 39, "mixed-script confusables").
_LOOK_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
_JOINERS = frozenset("\u200c\u200d")
_IN_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def fits_on_a_line(text: str) -> bool:
    """Whether a name may hold every character of the text."""
    return _NOT_ON_A_LINE.search(text) is None


def is_storable(text: str) -> bool:
    """Whether a text of several lines may hold every character of it."""
    return _IN_NO_TEXT.search(text) is None


def plain_breaks(text: str) -> str:
    """The text with line feeds for its breaks: a browser's form sends two signs for each, everything else one."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def on_a_line(text: str) -> str:
    """The text with a replacement sign for each character that a name may not hold."""
    return _NOT_ON_A_LINE.sub("\ufffd", text)


def is_disguised(text: str) -> bool:
    """Whether a name may pass for another one: a word mixes alphabets that look alike, or signs stand in it unseen."""
    if any(unicodedata.category(sign) == "Cf" and sign not in _JOINERS for sign in text):
        return True
    words = "".join(sign if sign.isalpha() else " " for sign in text).split()
    return any(len(_scripts(word)) > 1 for word in words)


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(sign, "").partition(" ")[0] for sign in word} & _LOOK_ALIKE
