"""By what a film is found: its words and facts as rows, so that an index answers every search.

Row security lets an index serve only comparisons that cannot leak: equality and order of texts.
Full-text and array searches can, so a tenant's films would all be read; rows of terms need neither.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from django.db.models import Exists, OuterRef, Q

from generations.catalogue.params import FILMS, Params
from generations.models import Generation, Video, VideoTerm

FACTS = ("model", "kind", "mode", "aspect_ratio", "door")
_WORD = re.compile(r"[^\W_]+")
# Scripts that are written without blanks: their words cannot be told, so pairs of letters are kept.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_LONGEST, _MOST = 40, 400  # characters of a word; words of a film
_BEGINS = 3  # characters from which on a word is looked for as a beginning
_LAST = "\U0010ffff"
_SPOKEN = ("prompt", "text")  # fields of products that hold a customer's own words


def of(film: Video, made: Generation) -> set[str]:
    """All terms of a film. `made` is what made it."""
    order = Params.from_json(made.params)
    said = [order.prompt, *(shot.prompt for shot in order.multi_prompt), film.title, *film.tags]
    said += [value for name in _SPOKEN if isinstance(value := order.inputs.get(name), str)]
    words = list(dict.fromkeys(word for text in said for word in _words(text)))
    return {
        *(f"w:{word}" for word in words[:_MOST]),
        *(fact(name, value) for name, value in _facts(order, made).items() if value),
        *(reference(made.reference) for _ in range(bool(made.reference))),
        *(metadata(key, value) for key, value in made.metadata.items()),
    }


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
    return f"meta:{_digest(f'{key}={value}')}"


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


def said(text: str) -> list[Q]:
    """Conditions on films for each word of a search; all of them are to hold.

    A word of three letters and more also finds words that begin with it; so does a single letter
    of a script without blanks.
    """
    found: list[Q] = []
    for each in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        for run in _UNSPACED.findall(each):
            found += [having(f"w:{pair}") for pair in _pairs(run)] or [_beginning(run)]
        for word in _UNSPACED.sub(" ", each).split():
            short = word[:_LONGEST]
            found.append(having(f"w:{short}") if len(short) < _BEGINS else _beginning(short))
    return found


def _beginning(word: str) -> Q:
    return _with(term__gte=f"w:{word}", term__lt=f"w:{word}{_LAST}")


def having(term: str) -> Q:
    """Films with this term."""
    return _with(term=term)


def _with(**term: str) -> Q:
    mine = VideoTerm.objects.filter(
        organisation=OuterRef("organisation"),
        livemode=OuterRef("livemode"),
        video=OuterRef("pk"),
        **term,
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
