"""Mutants of Python functions, over their syntax; annotations and words of refusals stay."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

from tests.mutants import sqltext
from tests.mutants.mutant import Edit, Mutant, numbered

_OPERATORS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


def mutants(target: str, source: str) -> list[Mutant]:
    """All of every function in `source`, and of its constants."""
    found = []
    for path, node in _places(ast.parse(source)):
        whole = ast.unparse(node)
        found += numbered(target, path, whole, _edits(node))
    return found


def plant(mutant: Mutant, module: ModuleType, source: str) -> None:
    """The module in this process behaves like the mutant from now on; who imported it, too."""
    tree = ast.parse(source)
    (mutated,) = ast.parse(mutant.text).body
    for path, node in _places(tree):
        if path == mutant.function:
            _replace(tree, node, mutated)
    if not isinstance(mutated, ast.FunctionDef):
        exec(compile(ast.unparse(mutated), str(module.__file__), "exec"), module.__dict__)
        return
    code = compile(ast.fix_missing_locations(tree), str(module.__file__), "exec")
    _function(module, mutant.function).__code__ = next(
        each for each in _codes(code) if each.co_qualname == mutant.function
    )


def _places(tree: ast.Module) -> list[tuple[str, ast.stmt]]:
    """Functions, methods and constants of a module, each with its name."""
    found: list[tuple[str, ast.stmt]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.append((node.name, node))
        elif isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            found += [(f"{node.name}.{each.name}", each) for each in methods]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            name = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(name, ast.Name) and name.id.strip("_").isupper():
                found.append((name.id, node))
    return found


def _replace(tree: ast.AST, old: ast.stmt, new: ast.stmt) -> None:
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        if isinstance(body, list) and old in body:
            body[body.index(old)] = new


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _function(module: ModuleType, path: str) -> Any:
    """The function itself, below its decorators."""
    found = module
    for name in path.split("."):
        found = found.__dict__[name]
    for inner in ("fget", "__func__"):
        found = getattr(found, inner, found)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found


@dataclass(frozen=True, slots=True)
class _Change:
    what: str
    make: Callable[[], ast.AST | None]  # what stands there instead; None: nothing


def _edits(whole: ast.stmt) -> Iterator[Edit]:
    """Each change is made in the tree itself, written down, and taken back."""
    for parent, field, place, node in list(_nodes(whole)):
        for change in _changes(node):
            instead = change.make()
            _put(parent, field, place, instead)
            yield change.what, ast.unparse(ast.fix_missing_locations(whole))
            _put(parent, field, place, node, back=instead is None)


def _put(
    parent: ast.AST, field: str, place: int | None, node: ast.AST | None, *, back: bool = False
) -> None:
    if place is None:
        setattr(parent, field, node)
        return
    held = getattr(parent, field)
    if back:
        held.insert(place, node)
    elif node is None:
        del held[place]
    else:
        held[place] = node


def _nodes(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(parent):
        if field in {
            "annotation",
            "returns",
            "decorator_list",
            "defaults",
            "kw_defaults",
            "exc",
            "slice",
        }:
            continue
        several = isinstance(value, list)
        for place, node in enumerate(value if several else [value]):
            if isinstance(node, ast.AST):
                yield parent, field, place if several else None, node
                yield from _nodes(node)


def _changes(node: ast.AST) -> Iterator[_Change]:
    if type(node) in _OPERATORS:
        other = _OPERATORS[type(node)]
        yield _Change(f"{type(node).__name__} -> {other.__name__}", other)
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        yield _Change(f"{node.id} -> {_NAMES[node.id]}", lambda: ast.Name(_NAMES[node.id]))
    elif isinstance(node, ast.stmt):
        yield from _statements(node)
    elif isinstance(node, ast.IfExp):
        yield _Change("if not", lambda: ast.IfExp(_negated(node.test), node.body, node.orelse))
    elif isinstance(node, ast.keyword) and node.arg:
        yield _Change(f"without {node.arg}=", lambda: None)
    elif isinstance(node, ast.Set | ast.Dict):
        yield from _parts(node)
    elif isinstance(node, ast.Call):
        yield from _swapped(node)


def _constants(node: ast.Constant) -> Iterator[_Change]:
    value = node.value
    if isinstance(value, bool):
        yield _Change(f"{value} -> {not value}", lambda: ast.Constant(not value))
    elif isinstance(value, int | float):
        yield _Change(f"{value} -> {value + 1}", lambda: ast.Constant(value + 1))
    elif isinstance(value, str) and value.lstrip().startswith(("UPDATE ", "SELECT ")):
        for what, text in sqltext.edits_of_a_statement(value):
            yield _Change(what, lambda text=text: ast.Constant(text))  # type: ignore[misc]


def _statements(node: ast.stmt) -> Iterator[_Change]:
    words = ast.unparse(node).splitlines()[0][:50]
    if isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield _Change(f"{words} -> None", lambda: ast.Return(ast.Constant(None)))
    elif isinstance(node, ast.Expr | ast.Raise | ast.AugAssign):
        if not _says_nothing(node) and not isinstance(getattr(node, "value", None), ast.Yield):
            yield _Change(f"without {words}", ast.Pass)
    elif isinstance(node, ast.If):
        body = node.body, node.orelse
        yield _Change(f"not: {words}", lambda: ast.If(_negated(node.test), *body))


def _says_nothing(node: ast.stmt) -> bool:
    """A docstring, or a point where only campaigns strike."""
    if not isinstance(node, ast.Expr):
        return False
    return isinstance(node.value, ast.Constant) or ast.unparse(node).startswith("passing(")


def _parts(node: ast.Set | ast.Dict) -> Iterator[_Change]:
    held = node.elts if isinstance(node, ast.Set) else node.values
    if len(held) < 2:
        return
    for place, each in enumerate(node.elts if isinstance(node, ast.Set) else node.keys):
        if each is None:
            continue
        shorter = copy.copy(node)
        for field in node._fields:
            kept = list(getattr(node, field))
            del kept[place]
            setattr(shorter, field, kept)
        yield _Change(f"without {ast.unparse(each)}", lambda shorter=shorter: shorter)  # type: ignore[misc]


def _swapped(node: ast.Call) -> Iterator[_Change]:
    """Two neighbours among the arguments that are both plain names change places."""
    for place in range(len(node.args) - 1):
        pair = node.args[place : place + 2]
        if all(isinstance(each, ast.Name | ast.Attribute) for each in pair):
            args = [*node.args[:place], *reversed(pair), *node.args[place + 2 :]]
            other = ast.Call(node.func, args, node.keywords)
            yield _Change(f"swapped {ast.unparse(pair[0])}", lambda other=other: other)  # type: ignore[misc]


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)
