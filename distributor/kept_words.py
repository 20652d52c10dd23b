"""What somebody sent in a form that could not be taken: shown to them again, so that nothing typed is lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request

# Two hundred and fifty lines of a report without scripts are 750 fields.
MOST_FIELDS = 3_000
MOST_CHARACTERS = 500_000
# What nobody wants to find in a page, and what a new form brings anew.
UNKEPT = re.compile(r"csrf_token|present|again|code|token|answer|.*(password|secret).*", re.IGNORECASE)
# Ids, numbers and choices mean nothing to the eye; what a person has written holds a space.
WRITTEN = re.compile(r"\S\s+\S")


@dataclass(frozen=True, slots=True)
class Kept:
    """`fields` can be sent again as they are; `words` are those of them that a person has written. A file cannot be
    kept: `had_file` says that one has to be chosen again.
    """

    fields: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    had_file: bool


def kept() -> Kept | None:
    """The form behind this request; None where there is none, or where it may come from elsewhere: whoever offers to
    send a form again vouches for it.
    """
    if request.method != "POST" or request.headers.get("Sec-Fetch-Site") != "same-origin":
        return None
    fields = tuple((name, value) for name, value in request.form.items(multi=True) if not UNKEPT.fullmatch(name))
    if not fields or len(fields) > MOST_FIELDS or sum(len(value) for _, value in fields) > MOST_CHARACTERS:
        return None
    words = tuple(value for _, value in fields if WRITTEN.search(value.strip()))
    return Kept(fields, words, any(file.filename for file in request.files.values()))
