"""The example in docs/audit.md is right: anybody can recompute it."""

from __future__ import annotations

import re
from pathlib import Path

from distributor.audit.canonical import FIRST_LINE, hash_of

DOCUMENT = Path(__file__).parents[3] / "docs/audit.md"


def test_the_documents_example_has_the_hash_it_names() -> None:
    words = DOCUMENT.read_text("utf-8")
    (example,) = re.findall(rf"```\n({FIRST_LINE}\n.*?)\n```", words, re.DOTALL)
    assert len(example.split("\n")) == 14
    assert f"`{hash_of(example).hex()}`" in words
