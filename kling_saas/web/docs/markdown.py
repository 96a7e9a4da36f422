"""Markdown as the documentation's HTML: anchors, tables that scroll, code with tabs by language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

from django.template.loader import render_to_string
from django.utils.html import escape
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

LANGUAGES = {"bash": "curl", "python": "Python", "javascript": "JavaScript"}
_COPIED = "copy"
_WIDE, _HEADED_FROM = 4, 2  # columns; the first two of a row say themselves what they are
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_NAMED = re.compile(r"\s*\{#([\w-]+)\}$")  # a heading's own anchor
_FORMATTER = HtmlFormatter(nowrap=True)


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of a page: its anchor and words."""

    anchor: str
    words: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page's body, and its parts for the list beside it."""

    html: str
    headings: list[Heading]

    def replaced(self, words: str, others: str) -> Rendered:
        """With other words in its text, which is escaped."""
        return replace(self, html=self.html.replace(words, escape(others)))


@dataclass(frozen=True, slots=True)
class Block:
    """Code in one language; `run` names what its test feeds it, "" when it runs by itself.

    Of what is no program, `copy` says that a reader wants it nevertheless.
    """

    language: str
    run: str
    code: str

    @property
    def label(self) -> str:
        """What its tab says."""
        return LANGUAGES.get(self.language, self.language)

    @property
    def runs(self) -> bool:
        """Whether it is a program, not an answer or a piece of one."""
        return self.language in LANGUAGES

    @property
    def copied(self) -> bool:
        """Whether a button copies it."""
        return self.runs or self.run == _COPIED

    @property
    def coloured(self) -> str:
        """HTML with a class on each token."""
        return str(highlight(self.code, get_lexer_by_name(self.language or "text"), _FORMATTER))


def render(source: str) -> Rendered:
    """HTML of Markdown that we wrote; tags in it are shown as they are written."""
    tokens = _PARSER.parse(source)
    headings = list(_anchored(tokens))
    _told_of_their_columns(tokens)
    html: list[str] = []
    numbers, place = count(1), 0
    while place < len(tokens):
        blocks = _fences_from(tokens, place)
        if blocks:
            context = {"blocks": blocks, "number": next(numbers)}
            html.append(render_to_string("docs/sample.html", context))
            place += len(blocks)
        else:
            html.append(_one(tokens[place]))
            place += 1
    return Rendered("".join(html), headings)


def programs(source: str, run: str) -> list[Block]:
    """The programs in it that are fed `run`, in their order."""
    fences = (token for token in _PARSER.parse(source) if token.type == "fence")
    blocks = [Block(*_told(token), token.content) for token in fences]
    return [block for block in blocks if block.run == run]


def _told(token: Token) -> tuple[str, str]:
    language, _, run = token.info.partition(" ")
    return language, run


def _one(token: Token) -> str:
    if token.type == "table_open":
        return '<div class="scroll" tabindex="0" role="group"><table class="table">'
    if token.type == "table_close":
        return "</table></div>"
    return str(_PARSER.renderer.render([token], _PARSER.options, {}))


def _told_of_their_columns(tokens: Sequence[Token]) -> None:
    """Cells of wide tables keep their column's heading: on a telephone a row is folded."""
    heads: list[str] = []
    column = 0
    for opening, words in pairwise(tokens):
        if opening.type == "table_open":
            heads = []
        elif opening.type == "th_open":
            heads.append(words.content)
        elif opening.type == "tr_open":
            column = 0
        elif opening.type == "td_open":
            if len(heads) >= _WIDE and column >= _HEADED_FROM:
                opening.attrSet("data-heading", heads[column])
            column += 1


def _fences_from(tokens: Sequence[Token], place: int) -> list[Block]:
    """Code that stands there, and what follows it at once in other languages."""
    found: list[Block] = []
    for token in tokens[place:]:
        language, run = _told(token)
        if token.type != "fence" or language in {block.language for block in found}:
            break
        if found and language not in LANGUAGES:
            break
        found.append(Block(language, run, token.content))
        if language not in LANGUAGES:
            break
    return found


def _anchored(tokens: Sequence[Token]) -> Iterator[Heading]:
    """Gives each heading its anchor, and yields those of the second level."""
    for opening, words in pairwise(tokens):
        if opening.type != "heading_open" or not words.children:
            continue
        last = words.children[-1]
        named = _NAMED.search(last.content)
        last.content = _NAMED.sub("", last.content)
        plain = "".join(child.content for child in words.children)
        anchor = named[1] if named else re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
        opening.attrSet("id", anchor)
        if opening.tag == "h2":
            yield Heading(anchor, plain)
