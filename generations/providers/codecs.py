"""What differs between the upstreams, one entry per protocol; everything else is the adapter's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

import jwt

from generations import products
from generations.catalogue.params import Kind, Params
from generations.catalogue.violations import Violation
from generations.models import Protocol
from generations.wire import marks
from generations.wire.kling import account, own
from generations.wire.kling import client as kling
from generations.wire.kling import products as kling_products
from generations.wire.kling_standard import client as kling_2026
from generations.wire.kling_standard import products as products_2026
from generations.wire.llmprovider import client as llmprovider
from generations.wire.meter import Shown
from generations.wire.segmind import client as segmind
from generations.wire.segmind import voices
from generations.wire.task import Accepted, Rejected, Task, Unknown, WireRequest

_TOKEN_LIFE = 1800  # seconds; the value in Kling's own examples
_SKEW = 30  # seconds our clock may be ahead of theirs
_IDS_AT_ONCE = 100

Headers = Mapping[str, str]
Decoder = Callable[[int, Headers, bytes], Task | Rejected]


@dataclass(frozen=True, slots=True)
class Question:
    """A task to be asked about, at the address of its kind."""

    task_id: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Bulk:
    """Many tasks in few queries. An answer with fewer tasks than stand beside its query ends it."""

    queries: Callable[[Sequence[Question]], Iterator[tuple[WireRequest, int]]]
    decode: Callable[[int, Headers, bytes], tuple[Task, ...] | Rejected]


@dataclass(frozen=True, slots=True)
class Meter:
    """What the account has used or has left. `query` takes a period in Unix milliseconds."""

    query: Callable[[int, int], WireRequest]
    decode: Callable[[int, Headers, bytes], Shown | Rejected]
    lag_hours: float = 0.0  # by which it may be behind
    pause: float = 0.0  # seconds between two questions


@dataclass(frozen=True, slots=True)
class Deletion:
    """Deletes what a product made, by the upstream's own id; None says that it is gone."""

    order: Callable[[Kind, str], WireRequest]
    decode: Callable[[int, Headers, bytes], Rejected | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One upstream's wire format, as its client.

    `beyond`: what of an order it does not take, though another upstream may: `can_serve` is false
    then. `lost`: fields of the order it cannot carry. `credential`: headers that prove who we are.
    `create` takes the order, our external id and the address to call back. `get` asks for one task
    by the upstream's id, `find` by ours; without `find` a lost answer can never be looked up.
    `follows`: the create's answer is the film itself, and this tells so from its head.
    """

    can_serve: Callable[[Params], bool]
    lost: Callable[[Params], tuple[str, ...]]
    credential: Callable[[str], dict[str, str]]
    create: Callable[[Params, str, str], WireRequest]
    decode_created: Callable[[int, Headers, bytes], Accepted | Rejected | Unknown]
    get: Callable[[Question], WireRequest]
    decode_task: Decoder
    find: Callable[[Question], WireRequest] | None = None
    bulk: Bulk | None = None
    meter: Meter | None = None
    deletion: Deletion | None = None
    follows: Callable[[int, Headers], segmind.FilmFollows | None] | None = None
    beyond: Callable[[Params], Violation | None] = lambda params: None

    @property
    def blocking(self) -> bool:
        """Whether the line is held until the film is made."""
        return self.follows is not None


def bearer(credential: str) -> dict[str, str]:
    """A static key, as it is."""
    return {"Authorization": f"Bearer {credential}"}


def signed_bearer(credential: str) -> dict[str, str]:
    """`access_key|secret_key` signs a fresh HS256 token (seed 004); anything else goes as it is."""
    access_key, found, secret = credential.partition("|")
    if not found:
        return bearer(credential)
    now = int(time.time())
    claims = {"iss": access_key, "exp": now + _TOKEN_LIFE - 2 * _SKEW, "nbf": now - _SKEW}
    return bearer(jwt.encode(claims, secret, algorithm="HS256"))


def _pages(questions: Sequence[Question]) -> Iterator[tuple[WireRequest, int]]:
    """Kling lists the newest tasks first, finished ones among them: twice as many are enough."""
    wanted = 2 * len(questions)
    size = min(kling.LIST_MAX, wanted)
    for page in range(1, -(-wanted // size) + 1):
        yield kling.encode_list(questions[0].kind, page, size), size


def _by_ids(questions: Sequence[Question]) -> Iterator[tuple[WireRequest, int]]:
    for start in range(0, len(questions), _IDS_AT_ONCE):
        some = questions[start : start + _IDS_AT_ONCE]
        yield kling_2026.encode_get([q.task_id for q in some]), 0


def _get_kling(question: Question) -> WireRequest:
    return kling.encode_get(question.kind, question.task_id)


def _segmind(words: Mapping[str, str], version: Literal["v1", "v2"]) -> Codec:
    """`words` are those of its page that makes voices. It has no id of ours."""
    return Codec(
        can_serve=segmind.can_serve,
        beyond=lambda params: marks.beyond(params, segmind.can_serve),
        lost=segmind.lost,
        credential=lambda key: {"x-api-key": key},
        create=lambda params, ours, hook: segmind.encode_create(
            params, version=version, words=words
        ),
        decode_created=partial(segmind.decode_created, words=words),
        get=lambda question: segmind.encode_get(question.task_id),
        decode_task=partial(segmind.decode_task, words=words),
        meter=_CREDITS,
        follows=segmind.film_follows if version == "v1" else None,
    )


_CREDITS = Meter(lambda start, end: segmind.encode_credits(), segmind.decode_credits)
_PACKS = Meter(account.encode_costs, account.decode_costs, account.LAG_HOURS, pause=1.1)
_KLING = Codec(
    can_serve=kling.can_serve,
    lost=kling.lost,
    credential=signed_bearer,
    create=lambda params, ours, hook: kling.encode_create(
        params, external_id=ours, callback_url=hook
    ),
    decode_created=kling.decode_created,
    get=_get_kling,
    find=_get_kling,  # its one address takes either id
    decode_task=kling.decode_task,
    beyond=kling_products.beyond,
    bulk=Bulk(_pages, kling.decode_list),
    meter=_PACKS,
    deletion=Deletion(own.encode_deletion, own.decode_deletion),
)
_KLING_2026 = Codec(
    can_serve=kling_2026.can_serve,
    lost=kling_2026.lost,
    credential=signed_bearer,
    create=lambda params, ours, hook: kling_2026.encode_create(
        params, external_id=ours, callback_url=hook
    ),
    decode_created=kling_2026.decode_created,
    get=lambda question: kling_2026.encode_get([question.task_id]),
    find=lambda question: kling_2026.encode_find([question.task_id]),
    decode_task=kling_2026.decode_task,
    beyond=products_2026.beyond,
    bulk=Bulk(_by_ids, kling_2026.decode_tasks),
    meter=_PACKS,
)
_LLMPROVIDER = Codec(  # takes our id, and its page documents no query by it
    can_serve=llmprovider.can_serve,
    beyond=lambda params: marks.beyond(params, llmprovider.can_serve),
    lost=llmprovider.lost,
    credential=bearer,
    create=lambda params, ours, hook: llmprovider.encode_create(params, external_id=ours),
    decode_created=llmprovider.decode_created,
    get=lambda question: llmprovider.encode_get(question.task_id),
    decode_task=llmprovider.decode_task,
)
_VERSIONS: Mapping[str, Literal["v1", "v2"]] = {
    Protocol.SEGMIND: "v2",
    Protocol.SEGMIND_V1: "v1",
}
CODECS: Mapping[str, Codec] = {
    Protocol.KLING: _KLING,
    Protocol.KLING_2026: _KLING_2026,
    **{protocol: _segmind(voices.WORDS, version) for protocol, version in _VERSIONS.items()},
    Protocol.LLMPROVIDER: _LLMPROVIDER,
}
"""As released; what is sent and read goes by `codec_of`."""
(BLOCKING,) = (protocol for protocol, codec in CODECS.items() if codec.blocking)
"""The protocol whose answer to a create is the film: who asks it holds the line meanwhile."""


def codec_of(protocol: str) -> Codec:
    """The wire format; Segmind's in the words that operators know, which may be read anew now."""
    if protocol not in _VERSIONS:
        return CODECS[protocol]
    return _worded(tuple(products.words().items()), _VERSIONS[protocol])


@lru_cache(maxsize=8)
def _worded(words: tuple[tuple[str, str], ...], version: Literal["v1", "v2"]) -> Codec:
    return _segmind(dict(words), version)
