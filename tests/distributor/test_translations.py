"""All texts of pages go through gettext, and `babel.cfg` finds them."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from distributor.config import SOURCE


def test_texts_of_code_and_templates_are_found() -> None:
    with (SOURCE / "babel.cfg").open() as configuration:
        methods, options = parse_mapping_cfg(configuration)  # type: ignore[no-untyped-call]  # Babel ships no types here
    found = {(Path(name).parts[0], text) for name, _line, text, *_rest in extract_from_dir(SOURCE, methods, options)}
    assert ("templates", "Work e-mail") in found
    assert ("distributor", "Your contact details are saved.") in found
    assert ("distributor", "Deliver provisioned units") in found
