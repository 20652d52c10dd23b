"""Mutants of a Python source: each differs from it in one place, the way a slip would."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
# Parts that say something to readers and checkers, and decide nothing.
SILENT = ("annotation", "returns", "decorator_list", "type_comment")
Functions = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """A source with one slip. `name` is the same whatever line it stands on: function, old and new text."""

    name: str
    source: str


@dataclass(frozen=True)
class _Site:
    """A child of a node, by field and place in it, and what could stand there instead."""

    within: str
    parent: ast.AST
    field: str
    place: int | None
    instead: ast.AST | None

    def now(self) -> Any:
        found = getattr(self.parent, self.field)
        return found if self.place is None else found[self.place]

    def put(self, node: Any) -> None:
        if self.place is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.place] = node


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant of the source, each once; several of one name are numbered."""
    tree = ast.parse(source)
    found: dict[str, Mutant] = {}
    names: dict[str, int] = {}
    for site in list(_sites(tree, "")):
        old = site.now()
        text = _mutated(tree, site, old)
        if text in found:
            continue
        name = f"{site.within or 'module'}: {_short(old)} → {_short(site.instead) if site.instead else 'removed'}"
        names[name] = names.get(name, 0) + 1
        found[text] = Mutant(name if names[name] == 1 else f"{name} #{names[name]}", text)
    return list(found.values())


def _mutated(tree: ast.Module, site: _Site, old: Any) -> str:
    if site.instead is None:
        getattr(site.parent, site.field).remove(old)
        text = ast.unparse(tree)
        getattr(site.parent, site.field).insert(site.place or 0, old)
        return text
    site.put(site.instead)
    text = ast.unparse(ast.fix_missing_locations(tree))
    site.put(old)
    return text


def _short(node: Any) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return text if len(text) <= 90 else f"{text[:60]}…{text[-28:]}"


def _sites(node: ast.AST, within: str) -> Iterator[_Site]:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
        return
    if isinstance(node, Functions | ast.ClassDef):
        within = f"{within}.{node.name}" if within else node.name
    if isinstance(node, Functions):
        for nth in range(len(node.decorator_list)):
            yield _Site(within, node, "decorator_list", nth, None)
    for field, place, child in _children(node):
        for instead in _instead(node, field, child):
            yield _Site(within, node, field, place, instead)
        yield from _sites(child, within)


def _is_turned_below(node: ast.expr) -> bool:
    """Whether a swap or a `not` that goes says the opposite already."""
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and not isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if field in SILENT or (field == "value" and isinstance(node, ast.Expr) and isinstance(value, ast.Constant)):
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from ((field, place, child) for place, child in enumerate(value) if isinstance(child, ast.AST))


def _instead(parent: ast.AST, field: str, node: ast.AST) -> Iterator[ast.AST]:
    is_condition = field == "test" or (field == "ifs" and isinstance(parent, ast.comprehension))
    if is_condition and isinstance(node, ast.expr) and not _is_turned_below(node):
        yield ast.UnaryOp(ast.Not(), node)
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for place, op in enumerate(ops):
                yield ast.Compare(left, [*ops[:place], SWAPS[type(op)](), *ops[place + 1 :]], others)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield inner
        case ast.Constant(value=value):
            yield from map(ast.Constant, _near(value))
        case ast.Raise():
            yield ast.Pass()


def _near(value: object) -> list[int]:
    """The numbers, or the other truth, that a slip would write."""
    if isinstance(value, bool):
        return [not value]
    return [near for near in (value + 1, value - 1) if near >= 0] if isinstance(value, int) else []
