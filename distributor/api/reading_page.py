"""The OpenAPI document as a page shows it: calls by subject, their parts, and the shapes that they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SHAPES = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter, field or answer: its name, its type in words, the shape it refers to, and what is said
    about it.
    """

    name: str
    kind: str
    shape: str | None
    words: str
    required: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `refusals` are statuses with what they mean here."""

    id: str
    method: str
    path: str
    title: str
    words: str
    scopes: tuple[str, ...]
    parameters: list[Value]
    bodies: list[Value]
    answers: list[Value]
    refusals: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page. `subjects` are (name, words, calls), `shapes` are (name, words, fields)."""

    introduction: list[str]
    subjects: list[tuple[str, str, list[Operation]]]
    shapes: list[tuple[str, str, list[Value]]]


def reading_page(document: Mapping[str, Any]) -> Page:
    """The page of an OpenAPI 3.1 document."""
    operations = [
        (operation["tags"][0], _operation(document, path, method, operation, item.get("parameters", [])))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    operations.sort(key=lambda found: (found[1].path, METHODS.index(found[1].method)))
    subjects = [
        (tag["name"], tag["description"], [call for subject, call in operations if subject == tag["name"]])
        for tag in document["tags"]
    ]
    shapes = [
        (name, shape.get("description", ""), _fields(shape))
        for name, shape in document["components"]["schemas"].items()
    ]
    return Page(document["info"]["description"].split("\n\n"), subjects, sorted(shapes))


def _operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], shared: list[Any]
) -> Operation:
    kept = document["components"]["responses"]
    refused = {
        status: found["$ref"].rpartition("/")[2] for status, found in operation["responses"].items() if "$ref" in found
    }
    told = {status: found for status, found in operation["responses"].items() if "$ref" not in found}
    scopes = tuple(scope for way in operation["security"] for scope in way["bearer"])
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        title=operation.get("summary", operation["operationId"]),
        words=operation.get("description", ""),
        scopes=scopes,
        parameters=[_parameter(given) for given in (*shared, *operation.get("parameters", []))],
        bodies=_contents("", operation.get("requestBody", {})),
        answers=[value for status, answer in told.items() for value in _answer(status, answer)],
        refusals=sorted((status, kept[name]["description"]) for status, name in refused.items()),
    )


def _parameter(given: Mapping[str, Any]) -> Value:
    kind, shape = _kind(given["schema"])
    words = _said({**given["schema"], "description": given.get("description", "")})
    return Value(given["name"], kind, shape, words, given.get("required", False), given["in"])


def _answer(status: str, answer: Mapping[str, Any]) -> list[Value]:
    return _contents(status, answer) or [Value(status, "", None, answer["description"])]


def _contents(name: str, holder: Mapping[str, Any]) -> list[Value]:
    found = []
    for media, content in holder.get("content", {}).items():
        kind, shape = _kind(content.get("schema", {}))
        found.append(Value(name, kind, shape, holder.get("description", ""), holder.get("required", False), media))
    return found


def _fields(shape: Mapping[str, Any]) -> list[Value]:
    required = set(shape.get("required", ()))
    found = []
    for name, field in shape.get("properties", {}).items():
        kind, other = _kind(field)
        found.append(Value(name, kind, other, _said(field), name in required))
    return found


def _said(field: Mapping[str, Any]) -> str:
    parts = [field.get("description", "")]
    if "enum" in field:
        parts.append("One of " + ", ".join(f"`{word}`" for word in field["enum"] if word is not None) + ".")
    if "minimum" in field and "maximum" in field:
        parts.append(f"From {field['minimum']} to {field['maximum']}.")
    if "default" in field and field["default"] not in (None, "", []):
        parts.append(f"Default `{field['default']}`.")
    if field.get("examples"):
        parts.append("For example " + ", ".join(f"`{example}`" for example in field["examples"]) + ".")
    return " ".join(filter(None, parts))


def _kind(schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """The type in words, and the shape it refers to."""
    if "$ref" in schema:
        return "", schema["$ref"].removeprefix(SHAPES)
    if "anyOf" in schema:
        kinds = [_kind(one) for one in schema["anyOf"]]
        return " or ".join(kind for kind, _ in kinds if kind), next((shape for _, shape in kinds if shape), None)
    names = schema.get("type", "")
    kind = " or ".join(names) if isinstance(names, list) else names
    if kind == "array":
        inner, shape = _kind(schema.get("items", {}))
        return f"list of {inner}".strip(), shape
    return f"{kind} ({schema['format']})" if "format" in schema else kind, None
