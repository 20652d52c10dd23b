"""Finding words that nobody could translate: in templates, in code and in scripts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

MARKS = frozenset({"gettext", "ngettext", "lazy_gettext", "_", "words", "counted", "N_"})
# Names, formats and signs that are the same in every language.
SAME_EVERYWHERE = frozenset({
    "openapi", "json",
    "CSV", "XLSX", "JSON", "PDF", "SKU", "API", "OpenAPI", "MSP", "UUID", "ETag", "ISO", "UTC", "URL",
    "Ctrl", "Alt", "Shift", "Tab", "Esc", "Enter", "Excel", "Distributor",
})  # fmt: skip
READ_ATTRIBUTES = frozenset({"title", "placeholder", "aria-label", "aria-description", "aria-roledescription", "alt"})
SPOKEN_BUTTONS = frozenset({"submit", "button", "reset"})
SILENT_ELEMENTS = frozenset({"script", "style", "code", "kbd", "pre"})
FILLED = "\x00"
# An element whose name is filled in is still an element; a block that fills an attribute is no text.
NAMELESS = re.compile(f"(</?[a-z]*){FILLED}")
CLASSES = re.compile(r"{% block main_class %}.*?{% endblock")
STYLING = re.compile(r"^ ?[a-z]+(-[a-z]+)*( [a-z]+(-[a-z]+)*)*$")
# A macro may hold nothing but attributes.
LOOSE_ATTRIBUTE = re.compile(f' {FILLED}="{FILLED}"| aria-(invalid|describedby)="[^"]*"')
WORD = re.compile(r"[^\W\d_]{2,}")
PROSE = re.compile(r"[^\W\d_]{2,}[,;:’']? [^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Found:
    """Words that stand there in English only."""

    place: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.text.strip()[:100]}"


def has_words(text: str) -> bool:
    """Whether there is anything in it that a translator would have to touch."""
    return any(word not in SAME_EVERYWHERE for word in WORD.findall(text.replace("&nbsp;", " ")))


class _Page(HTMLParser):
    """Collects what a browser would show or read out of a template whose expressions were blanked."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.silent: list[str] = []
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT_ELEMENTS:
            self.silent.append(tag)
        given = {name: value or "" for name, value in attrs}
        read = [value for name, value in given.items() if name in READ_ATTRIBUTES]
        if tag == "input" and given.get("type") in SPOKEN_BUTTONS:
            read.append(given.get("value", ""))
        self.found += [(self.getpos()[0], value) for value in read]

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append((self.getpos()[0], data))


def in_template(path: Path, environment: Environment) -> Iterator[Found]:
    """Words of a template outside of `_()`: in its text, in attributes that are read, in strings of expressions."""
    source = CLASSES.sub("{% block main_class %}{% endblock", path.read_text(encoding="utf-8"))
    place = str(path)
    if path.suffix == ".html":
        page = _Page()
        page.feed(_blanked(source, environment))
        texts = page.found
    else:
        texts = [(1, _blanked(source, environment))]
    yield from (Found(place, line, text.replace(FILLED, "…")) for line, text in texts if has_words(text))
    literals = _strings(environment.parse(source))
    yield from (Found(place, line, text) for line, text in literals if PROSE.search(text) and not STYLING.match(text))


def _blanked(source: str, environment: Environment) -> str:
    """The template's own text: every expression one sign, statements and comments gone, lines kept."""
    text = ""
    for line, kind, value in environment.lex(source):
        text += "\n" * (line - 1 - text.count("\n"))
        if kind == "data":
            text += value
        elif kind == "variable_begin":
            text += FILLED
    return LOOSE_ATTRIBUTE.sub("", NAMELESS.sub(r"\1x", text))


def _strings(node: nodes.Node) -> Iterator[tuple[int, str]]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MARKS:
        for keyword in node.kwargs:
            yield from _strings(keyword.value)
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.lineno, node.value
    for child in node.iter_child_nodes():
        yield from _strings(child)


# What these are given is for machines, or for who programs and runs the service.
MACHINES = frozenset(
    {"text", "compile", "ValueError", "TypeError", "RuntimeError", "AssertionError", "LookupError", "SettingError"}
    | {"debug", "info", "warning", "error", "exception", "Undeclared", "Gauge", "Counter", "getLogger", "call"}
    | {"_recorded", "route", "get", "post", "spend", "enter"}
)
SPEAKERS = frozenset(
    {"flash", "FieldError", "NavItem", "Refused", "InputRefused", "InvalidInput", "InvalidTerms", "InvalidUnits"}
    | {"Conflict", "NotFound", "Forbidden", "UnreadableFile", "WrongValue", "ValidationError"}
)
DOCUMENTING = frozenset({"description", "metadata", "example", "examples", "help"})
SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE|FROM|WHERE|JOIN|VALUES|ORDER BY|SET|AND|ON|AS|ANY|NULL|coalesce)\b"
    r"|\b[a-z_]+ = g\."
)
# Headers, paths, markup, codes of currencies, levels of isolation, scopes of OpenID Connect, and names of keys
# and connections.
CODE = re.compile(
    r"^([a-z-]+/[a-z]+;|[a-z-]+; ?|private, |/|<|-//|img-src |sandbox |[A-Z]{3}( [A-Z]{3})+$"
    r"|REPEATABLE READ$|openid |distributor(:| limits$))"
)


def in_code(path: Path) -> Iterator[Found]:
    """Sentences of a module that are not handed to one of the marks."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for line, text in _spoken(module):
        yield Found(str(path), line, text)
    for line, text in _literals(module):
        if PROSE.search(text) and not SQL.search(text) and not CODE.match(text):
            yield Found(str(path), line, text)


def _spoken(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Single words handed to what speaks to people, which are no prose."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _called(node.func) in SPEAKERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and not PROSE.search(first.value):
                yield first.lineno, first.value


def _literals(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Call() if _called(node.func) in MARKS:
            yield from _all(part for part in node.args if not isinstance(part, ast.Constant | ast.BinOp))
            yield from _all(node.keywords)
        case ast.Call() if _called(node.func) in MACHINES:
            return
        case ast.keyword() if node.arg in DOCUMENTING:
            return
        case ast.ClassDef() if any(_called(base) in {"Enum", "StrEnum"} for base in node.bases):
            return
        case ast.Dict():
            shown = [value for key, value in zip(node.keys, node.values, strict=True) if not _documents(key)]
            yield from _all(shown)
        case ast.JoinedStr():
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values),
            )
            yield from _all(part for part in node.values if not isinstance(part, ast.Constant))
        case ast.Constant(value=str()):
            yield node.lineno, str(node.value)
        case _:
            yield from _all(child for child in ast.iter_child_nodes(node) if not _is_docstring(node, child))


def _text_of(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "…"


def _all(parts: object) -> Iterator[tuple[int, str]]:
    for part in parts:  # type: ignore[attr-defined]  # any iterable of nodes
        yield from _literals(part)


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name():
            return function.id
        case ast.Attribute():
            return function.attr
    return ""


def _documents(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and key.value in DOCUMENTING


def _is_docstring(parent: ast.AST, child: ast.AST) -> bool:
    return (
        isinstance(parent, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(child, ast.Expr)
        and isinstance(child.value, ast.Constant)
    )


STRING = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`""", re.DOTALL
)
SENTENCE = re.compile(r"^[A-Z][a-z]+([ ,.:]|$)|[a-z]{2,}[.,:;!?] [A-Za-z]{2,}|[a-z]{2,}\.$")
SAID_BY = re.compile(
    r"(announce|notify|toast|alert|confirm)\($|(textContent|innerText|title|placeholder|ariaLabel) \+?= $"
)
FILLED_IN = re.compile(r"\$\{[^}]*\}")
SELECTORS = re.compile(r"^[a-z.\[#][\w.\[\]=#:()-]*(, [\w.\[\]=#:()-]+)*$")
# Names of the platform that look like words.
PLATFORM = re.compile(
    r"^(Escape|Enter|Tab|Home|End|Page(Up|Down)|Arrow\w+|Delete|Backspace|Shift|Control|Alt|Accept|Content-Type)$"
)


def in_script(path: Path) -> Iterator[Found]:
    """Strings of a script that read like something said to people."""
    source = path.read_text(encoding="utf-8")
    for match in STRING.finditer(source):
        text = next((group for group in match.groups() if group is not None), "")
        before = source[max(0, match.start() - 40) : match.start()]
        text = FILLED_IN.sub("", text)
        is_said = SAID_BY.search(before) and has_words(text)
        is_sentence = SENTENCE.search(text) and not PLATFORM.match(text) and not SELECTORS.match(text)
        if is_said or is_sentence:
            yield Found(str(path), source.count("\n", 0, match.start()) + 1, text)
