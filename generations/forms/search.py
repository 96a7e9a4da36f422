"""The language of the library's search box: words, and filters as `name:value`. It knows no films.

`lighthouse model:kling-v3 cost:>20 in:"Spring campaign" is:fav`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generations import terms
from generations.catalogue import registry
from generations.catalogue.params import FILMS
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.spec import ASPECT_RATIOS
from generations.forms.order import MODE_WORDS
from generations.gallery.labels import TAG_MAX
from generations.gallery.listing import Wanted
from generations.gallery.sorting import NAME_MAX

LONGEST = 300  # characters of a search
KINDS = (*FILMS, *(name for name, each in PRODUCTS.items() if "video" in each.outputs))
NAMES: Mapping[str, Promise | str] = {
    "model": gettext_lazy("Model"),
    "ratio": gettext_lazy("Frame"),
    "mode": gettext_lazy("Quality"),
    "kind": gettext_lazy("Made from"),
    "cost": gettext_lazy("Credits"),
    "after": gettext_lazy("Since"),
    "before": gettext_lazy("Before"),
    "in": gettext_lazy("Collection"),
    "tag": gettext_lazy("Tag"),
    "is": gettext_lazy("Only"),
}
MARK = "fav"
_MARKS = {MARK, "favourite", "favorite", "liked"}
_FACTS = {"model": "model", "ratio": "aspect_ratio", "mode": "mode", "kind": "kind"}
_TOKEN = re.compile(
    r'(?P<name>[^\W\d_]+)[:：](?:"(?P<quoted>[^"]*)"?|(?P<bare>\S*))|"(?P<phrase>[^"]*)"?|(?P<word>\S+)'
)
_PLAIN = re.compile(r'[^\s":：]+')
_COST = re.compile(r"(?P<sign>>=|<=|>|<|)(?P<first>\d{1,9})(?:\.\.(?P<last>\d{1,9}))?", re.ASCII)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """A filter, or with no `name` a run of plain words. `meant` is what the value stands for."""

    name: str
    value: str
    meant: Any = None

    def __str__(self) -> str:
        if not self.name:
            return self.value if _PLAIN.fullmatch(self.value) else f'"{self.value}"'
        value = f'"{self.value}"' if re.search(r"\s", self.value) else self.value
        return f"{self.name}:{value}"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A part that was left out, why, and what the search is when it is meant as plain words."""

    part: Part
    why: str

    @property
    def as_words(self) -> str:
        """The part in quotes."""
        known = self.part.name in NAMES or not self.part.name
        return f'"{self.part.value}"' if known else f'"{self.part.name}:{self.part.value}"'


@dataclass(frozen=True, slots=True)
class Search:
    """What was read; of a filter that can only be once the last one counts."""

    parts: tuple[Part, ...] = ()
    wrong: tuple[Wrong, ...] = ()

    @property
    def text(self) -> str:
        """It as one would write it."""
        return " ".join(map(str, self.parts))

    @property
    def given(self) -> bool:
        """Whether anything was asked, understood or not."""
        return bool(self.parts or self.wrong)

    def value(self, name: str) -> str:
        """Of a filter, empty where it is not there."""
        return next((part.value for part in self.parts if part.name == name), "")

    def without(self, part: Part) -> Search:
        """The rest of it."""
        return Search(tuple(each for each in self.parts if each is not part))

    def set(self, name: str, value: str) -> Search:
        """With this filter instead of any of its name; an empty value takes it away."""
        kept = [str(part) for part in self.parts if part.name != name]
        return parse(" ".join([*kept, *([str(Part(name, value))] if value else [])]))

    def wanted(self) -> Wanted:
        """As the library's list takes it; `in:` is left to who knows the collections."""
        said = {part.name: part.meant for part in self.parts}
        return Wanted(
            words=" ".join(part.value for part in self.parts if not part.name),
            facts={fact: said[name] for name, fact in _FACTS.items() if name in said},
            tags=tuple(part.value for part in self.parts if part.name == "tag"),
            cost=said.get("cost"),
            favourite=said.get("is"),
            since=said.get("after"),
            until=said.get("before"),
        )


def parse(text: str) -> Search:
    """Read a search. What cannot be read is in `wrong`, with the way out; the rest holds."""
    parts: list[Part] = []
    wrong: list[Wrong] = []
    for part in _parts(text[:LONGEST]):
        try:
            read = _read(part)
        except ValueError as error:
            wrong.append(Wrong(part, str(error)))
            continue
        if read.name and read.name != "tag":
            parts = [each for each in parts if each.name != read.name]
        if read not in parts:
            parts.append(read)
    said = " ".join(part.value for part in parts if not part.name)
    if len(terms.said(said)) > terms.SEARCH_MOST:
        why = _("These are too many words: at most %(most)s different ones are looked for.")
        wrong.append(Wrong(Part("", said), why % {"most": terms.SEARCH_MOST}))
        parts = [part for part in parts if part.name]
    return Search(tuple(parts), tuple(wrong))


def _parts(text: str) -> Iterator[Part]:
    for found in _TOKEN.finditer(text):
        name = (found["name"] or "").casefold()
        value = next(filter(None, found.group("quoted", "bare", "phrase", "word")), "").strip()
        if name or value:
            yield Part(name, value)


def _read(part: Part) -> Part:
    """The part as it is meant. Raises ValueError, which says what would be understood."""
    if not part.name:
        return part
    if part.name not in NAMES:
        names = ", ".join(f"{name}:" for name in NAMES)
        told = _("“%(name)s:” is no filter. There are %(names)s.")
        raise ValueError(told % {"name": part.name, "names": names})
    if not part.value:
        raise ValueError(_("“%(name)s:” needs a value behind it.") % {"name": part.name})
    return _READ[part.name](part)


def _one_of(choices: Mapping[str, str], part: Part) -> Part:
    found = choices.get(part.value.casefold())
    if found is None:
        told = _("“%(part)s” fits no film. Choose from %(names)s.")
        names = ", ".join(dict.fromkeys(choices.values()))
        raise ValueError(told % {"part": part, "names": names})
    return replace(part, value=found, meant=found)


def _model(part: Part) -> Part:
    spec = registry.resolve(part.value.casefold())
    named = {each.title.casefold(): each.name for each in registry.SPECS}
    named |= {each.name: each.name for each in registry.SPECS}
    return _one_of({**named, **({part.value.casefold(): spec.name} if spec else {})}, part)


def _cost(part: Part) -> Part:
    found = _COST.fullmatch(part.value)
    if found is None or (found["sign"] and found["last"]):
        told = _(
            "“%(part)s” is no number of credits. Write cost:20, cost:>20, cost:<=35, cost:10..35."
        )
        raise ValueError(told % {"part": part})
    first = int(found["first"])
    ends = {
        "": (first, int(found["last"] or first)),
        ">": (first + 1, terms.COST_MOST),
        ">=": (first, terms.COST_MOST),
        "<": (0, first - 1),
        "<=": (0, first),
    }
    return replace(part, meant=ends[found["sign"]])


def _day(part: Part) -> Part:
    found = _DAY.fullmatch(part.value)
    try:
        if found is None:
            raise ValueError
        year, month, day = (int(each or 1) for each in found.groups())
        return replace(part, meant=datetime(year, month, day, tzinfo=UTC))
    except ValueError:
        told = _("“%(part)s” is no day. Write it like %(name)s:2026-11-01.")
        raise ValueError(told % {"part": part, "name": part.name}) from None


def _text(longest: int, part: Part) -> Part:
    return replace(part, value=part.value[:longest], meant=part.value[:longest])


def _is(part: Part) -> Part:
    if part.value.casefold() not in _MARKS:
        told = _("“%(part)s” is not known. Write is:%(mark)s for your favourites.")
        raise ValueError(told % {"part": part, "mark": MARK})
    return replace(part, value=MARK, meant=True)


_MODES = {"standard": "std", **{name: name for name, _words in MODE_WORDS}}
_READ: Mapping[str, Callable[[Part], Part]] = {
    "model": _model,
    "ratio": partial(
        _one_of,
        {**{r: r for r in ASPECT_RATIOS}, **{r.replace(":", "x"): r for r in ASPECT_RATIOS}},
    ),
    "mode": partial(_one_of, _MODES),
    "kind": partial(_one_of, {name: name for name in KINDS}),
    "cost": _cost,
    "after": _day,
    "before": _day,
    "in": partial(_text, NAME_MAX),
    "tag": partial(_text, TAG_MAX),
    "is": _is,
}
