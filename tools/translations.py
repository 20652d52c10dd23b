"""Texts to translate, out of code and templates into ``distributor/translations/``: run by ``make translations``.

Each language's ``messages.po`` is brought up to date and compiled to the ``messages.mo`` beside it. What is still
untranslated is listed, and then the exit code is 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from distributor.languages import DEFAULT, LANGUAGES

SOURCE = Path(__file__).resolve().parent.parent
TRANSLATIONS = SOURCE / "distributor" / "translations"
# `words` and `counted` are how the rules mark their sentences: workflows/words.py.
KEYWORDS = {**DEFAULT_KEYWORDS, "words": None, "counted": (1, 2)}
WIDTH = 120


def template() -> Catalog:
    """Every text that is marked, with the files it stands in."""
    with (SOURCE / "babel.cfg").open(encoding="utf-8") as configuration:
        methods, options = parse_mapping_cfg(configuration)  # type: ignore[no-untyped-call]  # Babel ships no types here
    catalog = Catalog(project="Distributor", charset="utf-8", fuzzy=False)
    for name, _line, text, _comments, context in extract_from_dir(str(SOURCE), methods, options, KEYWORDS):
        catalog.add(text, None, [(name, 0)], context=context)
    return catalog


def catalogue_of(language: str) -> Catalog:
    """The translations of a language as they stand; an empty catalogue for a language that is new."""
    if not (folder_of(language) / "messages.po").exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with (folder_of(language) / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def folder_of(language: str) -> Path:
    """Where a language's files stand."""
    return TRANSLATIONS / language / "LC_MESSAGES"


def renew(language: str, texts: Catalog) -> list[str]:
    """Write a language's files anew and return the texts without a translation."""
    catalog = catalogue_of(language)
    folder_of(language).mkdir(parents=True, exist_ok=True)
    catalog.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    # Git knows who translated what; Babel would write its placeholders here.
    catalog.version = catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    with (folder_of(language) / "messages.po").open("wb") as file:
        write_po(file, catalog, width=WIDTH, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    with (folder_of(language) / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    return untranslated(catalog)


def untranslated(catalog: Catalog) -> list[str]:
    """The texts that a reader of this language would get in English."""
    return [_english(message.id) for message in catalog if message.id and not _is_whole(message.string)]


def _is_whole(translation: str | tuple[str, ...] | list[str] | None) -> bool:
    return all(translation) if isinstance(translation, tuple | list) else bool(translation)


def _english(identity: str | tuple[str, ...] | list[str]) -> str:
    return identity if isinstance(identity, str) else identity[0]


def main() -> int:
    """Renew every language; 1 where something is untranslated."""
    texts, missing = template(), 0
    for language in (language for language in LANGUAGES if language != DEFAULT):
        left = renew(language, texts)
        missing += len(left)
        print(f"{language}: {len(texts)} texts, {len(left)} untranslated")
        print("".join(f"  {text}\n" for text in left), end="")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
