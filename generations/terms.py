"""By what a film is found: its words and facts as rows, so that an index answers every search.

Row security lets an index serve only comparisons that cannot leak: equality and order of texts.
Full-text and array searches can, so a tenant's films would all be read; rows of terms need neither.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from accounts.actors import Actor
from generations.catalogue.params import FILMS, Params
from generations.models import Generation, Video, VideoTerm

FACTS = ("model", "kind", "mode", "aspect_ratio", "door")
_WORD = re.compile(r"[^\W_]+")
# Scripts that are written without blanks: their words cannot be told, so pairs of letters are kept.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_LONGEST = 40  # characters of a word
_MOST = 6_600  # words of a film: the longest prompt, six shots', title and tags without blanks
SEARCH_MOST = 24  # different words of a search; pairs of letters where words are not apart
_BEGINS = 3  # characters from which on a word is looked for as a beginning
_LAST = "\U0010ffff"
_FILM_ID = re.compile(r"(gen|vid)_[0-9A-Za-z]{1,50}", re.ASCII)
_DIGITS = 10  # of a cost
COST_MOST = 10**_DIGITS - 1
_SPOKEN = ("prompt", "text")  # fields of products that hold a customer's own words


def of(film: Video, made: Generation) -> set[str]:
    """All terms of a film. `made` is what made it."""
    order = Params.from_json(made.params)
    said = [film.title, *film.tags, order.prompt, *(shot.prompt for shot in order.multi_prompt)]
    said += [value for name in _SPOKEN if isinstance(value := order.inputs.get(name), str)]
    words = list(dict.fromkeys(word for text in said for word in _words(text)))
    return {
        *(f"w:{word}" for word in words[:_MOST]),
        *(fact(name, value) for name, value in _facts(order, made).items() if value),
        *(reference(made.reference) for _ in range(bool(made.reference))),
        *(metadata(key, value) for key, value in made.metadata.items()),
        *(tag(each) for each in film.tags),
        cost(made.credits if made.charged is None else made.charged),
        *(begun_with(name) for name in named_in(order)),
    }


def named_in(order: Params) -> list[str]:
    """The films that an order goes on from, by their own ids or their generations'."""
    return [
        value
        for value in order.inputs.values()
        if isinstance(value, str) and _FILM_ID.fullmatch(value)
    ]


def _facts(order: Params, made: Generation) -> Mapping[str, Any]:
    is_film = made.kind in FILMS
    return {
        "model": made.model,
        "kind": made.kind,
        "mode": order.mode if is_film else order.inputs.get("mode"),
        "aspect_ratio": order.aspect_ratio,
        "door": made.door,
    }


def fact(name: str, value: str) -> str:
    """The term of one of FACTS."""
    return f"{name}:{value}"[: _LONGEST + len(name)]


def reference(value: str) -> str:
    """The term of a reference."""
    return f"ref:{_digest(value)}"


def metadata(key: str, value: str) -> str:
    """The term of one entry of the metadata."""
    return f"meta:{_digest(json.dumps([key, value]))}"


def tag(value: str) -> str:
    """The term of a tag, in whatever case it is written."""
    return f"tag:{unicodedata.normalize('NFKC', value).casefold()[:_LONGEST]}"


def begun_with(name: str) -> str:
    """The term of what was made out of the film of this id."""
    return f"from:{name}"


def cost(credits_due: int) -> str:
    """The term of what a film cost: in the order of texts they are in the order of numbers."""
    return f"cost:{credits_due:0{_DIGITS}d}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _words(text: str) -> Iterator[str]:
    """What of a text is kept: its words, folded; pairs of letters where words are not apart."""
    for found in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        for run in _UNSPACED.findall(found):
            yield from _pairs(run)
            yield run[-1]  # found by itself, as the others are as beginnings of pairs
        for word in _UNSPACED.sub(" ", found).split():
            yield word[:_LONGEST]


def _pairs(run: str) -> Iterator[str]:
    return (first + second for first, second in pairwise(run))


@dataclass(frozen=True, slots=True)
class Search:
    """Terms that a film has, and beginnings that terms of it have; all of them are to hold."""

    whole: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.whole) + len(self.begun)


def said(text: str) -> Search:
    """What a search asks for, each word once.

    A word of three letters and more also finds words that begin with it; so does a single letter
    of a script without blanks.
    """
    whole: set[str] = set()
    begun: set[str] = set()
    for each in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        for run in _UNSPACED.findall(each):
            pairs = set(_pairs(run))
            whole |= pairs
            begun |= set() if pairs else {run}
        for word in _UNSPACED.sub(" ", each).split():
            short = word[:_LONGEST]
            (whole if len(short) < _BEGINS else begun).add(short)
    needed = {one for one in begun if not any(o != one and o.startswith(one) for o in begun)}
    return Search(frozenset(f"w:{one}" for one in whole), frozenset(f"w:{one}" for one in needed))


def matching(actor: Actor, search: Search) -> Q:
    """The actor's films for which all of a search holds, in one look however much it asks."""
    if len(search) == 1:
        return _with(*map(_whole, search.whole), *map(_begun, search.begun))
    asked, has_all, least = Q(term__in=sorted(search.whole)), {}, {}
    if search.whole:
        has_all["whole"], least["whole"] = Count("pk", filter=asked), len(search.whole)
    for number, beginning in enumerate(sorted(search.begun)):
        begins, name = _begun(beginning), f"begun_{number}"
        asked |= begins
        has_all[name], least[name] = Count("pk", filter=begins), 1
    rows = VideoTerm.objects.filter(
        asked, organisation_id=actor.organisation_id, livemode=actor.livemode
    )
    grouped = rows.order_by().values("video").annotate(**has_all)
    found = grouped.filter(**{f"{name}__gte": count for name, count in least.items()})
    return Q(pk__in=found.values("video"))


def having(term: str) -> Q:
    """Films with this term: for what many have, so that the newest are looked at first."""
    return _with(_whole(term))


def costing(least: int, most: int) -> Q:
    """Films that cost from `least` to `most` credits."""
    return _with(Q(term__gte=cost(least), term__lte=cost(most)))


def made_of(film: Video) -> Q:
    """Films that were made out of this one."""
    names = film.public_id, film.generation.public_id
    return _with(Q(term__in=[begun_with(name) for name in names]))


def _whole(term: str) -> Q:
    return Q(term=term)


def _begun(beginning: str) -> Q:
    return Q(term__gte=beginning, term__lt=f"{beginning}{_LAST}")


def _with(*which: Q) -> Q:
    mine = VideoTerm.objects.filter(
        *which,
        organisation=OuterRef("organisation"),
        livemode=OuterRef("livemode"),
        video=OuterRef("pk"),
    )
    return Q(Exists(mine))


def keep(films: Iterable[Video]) -> None:
    """Write the terms of films anew. Needs their owner's scope."""
    rows = list(films)
    VideoTerm.objects.filter(video__in=[film.pk for film in rows]).delete()
    add(rows)


def add(films: Iterable[Video]) -> None:
    """Write the terms of films that have none. Needs their owner's scope."""
    VideoTerm.objects.bulk_create(
        VideoTerm(
            organisation_id=film.organisation_id, livemode=film.livemode, video=film, term=term
        )
        for film in films
        for term in sorted(of(film, film.generation))
    )


def forget(film: Video) -> None:
    """Nobody looks for it any more. Needs its owner's scope."""
    VideoTerm.objects.filter(video=film).delete()
