"""The words of the trail: every fact that the service can record has its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from flask import Flask

import distributor
from distributor.audit.wording import what_happened

FACT = re.compile(r"(?:[a-z_]+)[.](?:[a-z_]+)")
WRITERS = re.compile(r"_?(?:record|note\w*|changed|Fact)")


def facts() -> set[str]:
    """Whatever is handed to a function that writes into the trail."""
    files = Path(distributor.__file__).parent.rglob("*.py")
    calls = [one for file in files for one in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(one, ast.Call)]
    first = [one.args[0] for one in calls if one.args and WRITERS.fullmatch(_name(one.func))]
    texts = [one.value for one in first if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return {text for text in texts if FACT.fullmatch(text)}


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def test_every_fact_has_words_of_its_own(app: Flask) -> None:
    found = facts()
    assert len(found) > 40
    with app.test_request_context():
        assert sorted(what for what in found if what_happened(what) == what) == []
