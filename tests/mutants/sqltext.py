"""Mutants of SQL functions, by their text: strings, comments and words of refusals stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutants.mutant import Edit, Mutant, numbered

_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (\w+).*?\bAS \$\$(.*?)\$\$;?$", re.DOTALL | re.MULTILINE
)
_TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*)|(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<number>\d+)|(?P<sign>:=|::|<=|>=|<>|\|\||=>|.)",
    re.DOTALL,
)
_SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "+": "-", "-": "+",
    "least": "greatest", "greatest": "least", "AND": "OR", "OR": "AND", "DESC": "ASC",
    "true": "false", "false": "true",
}  # fmt: skip
_STATEMENTS = ("PERFORM", "UPDATE", "INSERT", "DELETE", "CONTINUE", "EXIT", "SELECT")
_ENDS = (",", ")", "LIMIT", "LOOP", ";", "FOR", "DESC", "")  # of a key to order by


_Change = tuple[str, int, int, str]  # what, from, to, and what stands there instead


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def mutants(target: str, source: str) -> list[Mutant]:
    """All of every function in `source`, in the order of the text."""
    found = []
    for match in _FUNCTION.finditer(source):
        whole, start = match.group(0).rstrip(";") + ";", match.start(2) - match.start()
        body = match.group(2)
        edits = (
            (change, whole[:start] + changed + whole[start + len(body) :])
            for change, changed in _edits(body, "plpgsql" in whole[:start])
        )
        found += numbered(target, match.group(1), whole, edits)
    return found


def edits_of_a_statement(text: str) -> Iterator[Edit]:
    """For a statement that stands in Python."""
    return _edits(text, procedural=False)


def _edits(body: str, procedural: bool) -> Iterator[Edit]:
    tokens = [
        _Token(str(each.lastgroup), each.group(), each.start())
        for each in _TOKEN.finditer(body)
        if each.lastgroup != "skip"
    ]
    for number in range(len(tokens)):
        if _says_nothing(tokens, number):
            continue
        for what, start, end, instead in _at(body, tokens, number, procedural):
            yield what, body[:start] + instead + body[end:]


def _says_nothing(tokens: list[_Token], number: int) -> bool:
    """What a refusal says in words, and the number of a row that is only looked for."""
    around = tokens[number - 1].text, tokens[min(number + 1, len(tokens) - 1)].text
    if tokens[number].kind == "number" and around in {("PERFORM", "FROM"), ("SELECT", "FROM")}:
        return True
    earlier = (each.text for each in reversed(tokens[:number]))
    return next((text for text in earlier if text in {"RAISE", "USING", ";"}), "") == "RAISE"


def _at(body: str, tokens: list[_Token], number: int, procedural: bool) -> Iterator[_Change]:
    """The changes that begin at a token."""
    token = tokens[number]
    for what in _instead_of(token):
        yield f"{token.text} -> {what}", token.start, token.end, what
    yield from _of_conditions(body, tokens, number)
    yield from _of_clauses(body, tokens, number)
    if procedural and _begins(tokens, number):
        yield from _without_the_statement(body, tokens, number)


def _instead_of(token: _Token) -> Iterator[str]:
    if token.text in _SWAPS:
        yield _SWAPS[token.text]
    elif token.kind == "number":
        yield from sorted({str(int(token.text) + 1), str(abs(int(token.text) - 1))}, reverse=True)
    elif days := re.fullmatch(r"'(\d+) (days?|months?)'", token.text):
        yield f"'{int(days[1]) + 1} {days[2]}'"


def _of_conditions(body: str, tokens: list[_Token], number: int) -> Iterator[_Change]:
    token = tokens[number]
    following = [each.text for each in tokens[number : number + 3]]
    if following[:2] == ["IS", "NULL"]:
        yield "IS NULL -> IS NOT NULL", token.start, tokens[number + 1].end, "IS NOT NULL"
    elif following == ["IS", "NOT", "NULL"]:
        yield "IS NOT NULL -> IS NULL", token.start, tokens[number + 2].end, "IS NULL"
    elif token.text in {"IF", "ELSIF"} and tokens[number - 1].text != "END":
        then = _next(tokens, number + 1, "THEN", ";", ",", ")")
        if then.text == "THEN":
            test = body[token.end : then.start]
            yield f"{token.text} NOT", token.end, then.start, f" NOT ({test}) "


def _of_clauses(body: str, tokens: list[_Token], number: int) -> Iterator[_Change]:
    token = tokens[number]
    following = [each.text for each in tokens[number : number + 2]]
    if token.text == "coalesce":
        yield from _without_its_guard(body, tokens, number)
    elif following == ["FOR", "UPDATE"]:
        end = _next(tokens, number, ";", ")")
        yield "no lock", token.start, end.start, ""
    elif following == ["ORDER", "BY"]:
        key = _next(tokens, number + 2, *_ENDS)
        if key.text != "DESC":
            yield "ORDER BY … DESC", key.start, key.start, " DESC "
    elif token.text == "SET" and tokens[number - 1].text != "pg_temp":
        yield from _a_column_less(tokens, number)


def _begins(tokens: list[_Token], number: int) -> bool:
    """Whether a statement of PL/pgSQL begins at this token."""
    before = tokens[number - 1].text if number else ""
    return before in {";", "BEGIN", "THEN", "ELSE", "LOOP"}


def _without_the_statement(body: str, tokens: list[_Token], number: int) -> Iterator[_Change]:
    token = tokens[number]
    following = tokens[number + 1].text if number + 1 < len(tokens) else ""
    if token.text in _STATEMENTS or following == ":=":
        end = _next(tokens, number, ";")
    elif token.text == "IF":
        then = _next(tokens, number + 1, "THEN")
        if tokens[tokens.index(then) + 1].text != "RAISE":
            return
        end = _next(tokens, tokens.index(then), ";")
        closing = tokens[tokens.index(end) + 1]
        if closing.text != "END":
            return
        end = _next(tokens, tokens.index(closing), ";")
    else:
        return
    words = " ".join(body[token.start : end.end].split())[:40]
    yield f"without {words}", token.start, end.end, "NULL;"


def _without_its_guard(body: str, tokens: list[_Token], number: int) -> Iterator[_Change]:
    inner = tokens[number + 2]
    comma = _next(tokens, number + 2, ",")
    close = _next(tokens, tokens.index(comma), ")")
    inside = body[inner.start : comma.start]
    yield "coalesce(x, …) -> x", tokens[number].start, close.end, f"({inside})"


def _a_column_less(tokens: list[_Token], number: int) -> Iterator[_Change]:
    parts, start = [], tokens[number + 1]
    while True:
        end = _next(tokens, tokens.index(start), ",", "WHERE", "FROM", "RETURNING", ";")
        parts.append((start, end))
        if end.text != ",":
            break
        start = tokens[tokens.index(end) + 1]
    if len(parts) < 2:
        return
    for place, (first, end) in enumerate(parts):
        if place + 1 < len(parts):
            yield f"SET without {first.text}", first.start, end.end, ""
        else:
            comma = parts[place - 1][1]
            yield f"SET without {first.text}", comma.start, end.start, " "


def _next(tokens: list[_Token], number: int, *ends: str) -> _Token:
    """The first of these tokens from here on that is in no brackets opened meanwhile."""
    depth = 0
    for token in tokens[number:]:
        if depth == 0 and token.text in ends:
            return token
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        if depth < 0:
            break
    last = tokens[-1]
    return _Token("end", "", last.end)
