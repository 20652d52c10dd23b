"""Every word that people read can be translated, and is."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo
from jinja2 import Environment

from distributor.config import SOURCE
from distributor.languages import DEFAULT, LANGUAGES
from tests.distributor.unmarked import Found, in_code, in_script, in_template

TOOL: dict[str, Any] = runpy.run_path(str(SOURCE / "tools" / "translations.py"))
TRANSLATED = [language for language in LANGUAGES if language != DEFAULT]
ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
# The document of the API and the page to read it are English, as programs are (docs/decisions/0020).
ENGLISH = (
    "distributor/api/calls.py", "distributor/api/document.py", "distributor/api/kinds.py",
    "distributor/api/reading_page.py",
    # An evidence pack checks itself and is the same whoever fetched it, in whatever language.
    "distributor/audit/pack.py", "distributor/audit/verify_pack.py",
)  # fmt: skip
# For who runs the service: the command line, its settings, what machines ask, and what `distributor check` and
# `distributor verify-audit` find.
FOR_OPERATORS = (
    "distributor/cli/", "distributor/demo/", "distributor/postgres/", "distributor/scheduler/",
    "distributor/config.py", "distributor/headers.py", "distributor/health.py", "distributor/schema.py",
    "distributor/audit/verifying.py", "distributor/tenancy.py", "workflows/drawing.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def texts() -> Catalog:
    """Every text that is marked."""
    return TOOL["template"]()


def catalogue(language: str) -> Catalog:
    return TOOL["catalogue_of"](language)


def files(folder: str, *endings: str) -> list[Path]:
    names = sorted(path for path in (SOURCE / folder).rglob("*") if path.suffix in endings)
    return [path for path in names if not str(path.relative_to(SOURCE)).startswith((*ENGLISH, *FOR_OPERATORS))]


def said(found: list[Found]) -> str:
    return "".join(f"\n{one}" for one in found).replace(f"{SOURCE}/", "")


def test_no_template_says_anything_that_cannot_be_translated() -> None:
    found = [one for path in files("templates", ".html", ".txt") for one in in_template(path, ENVIRONMENT)]
    assert not found, said(found)


def test_no_code_says_anything_that_cannot_be_translated() -> None:
    paths = [*files("distributor", ".py"), *files("workflows", ".py")]
    found = [one for path in paths for one in in_code(path)]
    assert not found, said(found)


def test_words_in_scripts_come_from_templates() -> None:
    found = [one for path in files("distributor/static/js", ".js") for one in in_script(path)]
    assert not found, said(found)


@pytest.mark.parametrize(
    ("template", "caught"),
    [
        ("<p>Submit the report</p>", "Submit the report"),
        ("<p>{{ name }} is due</p>", "… is due"),
        ('<button title="Close it">{{ icon("x") }}</button>', "Close it"),
        ('<input type="submit" value="Send">', "Send"),
        ('{{ panel("Two words") }}', "Two words"),
        ('<p>{{ _("Submit the report") }} · CSV</p>', None),
        ('<p class="{{ "amber strong" if late }}">{{ ngettext("%(num)s line", "%(num)s lines", n) }}</p>', None),
    ],
)
def test_words_outside_of_the_marks_are_found(tmp_path: Path, template: str, caught: str | None) -> None:
    page = tmp_path / "page.html"
    page.write_text(template)
    found = [one.text.strip() for one in in_template(page, ENVIRONMENT)]
    assert found == ([] if caught is None else [caught])


def test_words_in_code_outside_of_the_marks_are_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""A docstring of words."""\nraise Conflict(f"It is {late} by now.")\ngettext("It is late.")\n')
    assert [one.text for one in in_code(module)] == ["It is … by now."]


def test_words_in_a_script_are_found(tmp_path: Path) -> None:
    script = tmp_path / "script.js"
    script.write_text('// A comment\nannounce("saved");\nfield.textContent = texts.saved;\nconst far = "Not saved.";\n')
    assert [one.text for one in in_script(script)] == ["saved", "Not saved."]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(texts: Catalog, language: str) -> None:
    catalog = catalogue(language)
    catalog.update(texts, no_fuzzy_matching=True)
    missing = TOOL["untranslated"](catalog)
    assert not missing, f"run make translations; {len(missing)} texts of {language}, the first: {missing[:5]}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_a_guess_or_of_a_text_that_is_gone(texts: Catalog, language: str) -> None:
    catalog = catalogue(language)
    assert [message.id for message in catalog if message.fuzzy and message.id] == []
    assert [message.id for message in catalog if message.id and texts.get(message.id, message.context) is None] == []
    assert not catalog.obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_fill_in_what_the_english_text_does(language: str) -> None:
    wrong = [message.id for message in catalogue(language) if message.id and not _same_placeholders(message)]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_text_that_counts_has_every_form_of_the_language(language: str) -> None:
    catalog = catalogue(language)
    counting = [message for message in catalog if message.pluralizable]
    assert counting
    assert [message.id for message in counting if len(_forms(message.string)) != catalog.num_plurals] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_file_says_what_the_readable_one_does(language: str) -> None:
    with (TOOL["folder_of"](language) / "messages.mo").open("rb") as file:
        compiled = _said_in(read_mo(file))
    assert compiled == _said_in(catalogue(language))


def _said_in(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    said = {_forms(message.id): _forms(message.string) for message in catalog if message.id}
    return {english: theirs for english, theirs in said.items() if all(theirs)}


def _forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str) or text is None else tuple(text)


def _same_placeholders(message: Message) -> bool:
    english, theirs = _forms(message.id), _forms(message.string)
    if not all(theirs):
        return True
    wanted = {tuple(sorted(PLACEHOLDER.findall(text))) for text in english}
    # "one day" needs no number where "%(num)s days" does.
    lenient = {tuple(place for place in places if place != "%(num)s") for places in wanted}
    return all(tuple(sorted(PLACEHOLDER.findall(text))) in wanted | lenient for text in theirs)
