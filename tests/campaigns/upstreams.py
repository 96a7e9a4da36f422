"""The upstreams of a simulation, in memory: the vendors' own codecs, and mischief drawn by seed."""

from __future__ import annotations

import io
import json
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from generations import callbacks
from generations.catalogue.params import Params
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.validation import check
from generations.models import Protocol
from generations.sandbox.vendor import whole_prompt
from generations.wire.kling import codes
from generations.wire.kling import server as kling
from generations.wire.kling_standard import server as kling_2026
from generations.wire.llmprovider import server as llmprovider
from generations.wire.segmind import server as segmind
from generations.wire.segmind import slugs
from generations.wire.task import (
    Order,
    RemoteAudio,
    RemoteVideo,
    Task,
    TaskState,
    WireReply,
)  # fmt: skip
from kling_saas.lib import http
from tests.campaigns.baton import Stage
from tests.campaigns.mishaps import CREATE, FILM, LOOK
from tests.campaigns.virtual import CLOCK

_UNITS, _USD = Decimal(1), Decimal("0.28")  # what each film takes, in the vendors' words
_ON_ITS_WAY = (20.0, 85.0)  # seconds until a create arrives whose sender was cut off
Answer = tuple[int, dict[str, str], bytes]


def _silence() -> bytes:
    """A second of it, as WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    return out.getvalue()


SOUND = _silence()


@dataclass
class Made:
    """A task at an upstream."""

    task: Task
    account: str
    label: str
    ready: datetime
    fails: bool
    sound: bool


class Upstreams:
    """All five protocols, by host name; the account is the credential.

    `repeats`: a create with a known external id makes another film, else it is refused: what Kling
    does is documented nowhere.
    """

    def __init__(self, stage: Stage, film: bytes, *, repeats: bool = False) -> None:
        self.stage, self.film, self.repeats = stage, film, repeats
        self.made: dict[str, Made] = {}
        self._on_its_way: list[tuple[datetime, Callable[[], object]]] = []
        self.creates: Counter[str] = Counter()
        self.tokens: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One request of ours."""
        self.stage.check_alive()
        if not self.stage.outside():
            self.stage.wrong.append(f"a transaction is open during {request.url.path}")
        self.arrive()
        account = request.headers.get("authorization", request.headers.get("x-api-key", ""))
        protocol = Protocol(request.url.host.removesuffix(".sim").replace("-", "_"))
        if request.method == "POST":
            status, headers, body = self._create(request, protocol, account)
        else:
            status, headers, body = self._look(request, protocol, account)
        return httpx.Response(status, headers=headers, content=body, request=request)

    def arrive(self) -> None:
        """What was on its way for long is made now, if its moment has come."""
        now = CLOCK.now()
        arrived = [make for moment, make in self._on_its_way if moment <= now]
        self._on_its_way = [each for each in self._on_its_way if each[0] > now]
        for make in arrived:
            if make() is None:
                self.stage.wrong.append("a create was sent again while it was on its way")

    def _drawn(self, chances: tuple[tuple[str, float], ...]) -> str:
        if self.stage.calm:
            return ""
        drawn = self.stage.rng.random()
        for name, chance in chances:
            if drawn < chance:
                self._struck(name)
                return name
            drawn -= chance
        return ""

    def _struck(self, fault: str) -> None:
        self.stage.faults[fault] += 1
        self.stage.note(fault)

    # ------------------------------------------------------------------ creates

    def _create(self, request: httpx.Request, protocol: Protocol, account: str) -> Answer:
        order = _order(protocol, request)
        params = check(dict(order.fields), lenient=True).params
        make = partial(self._make, order, params, account, protocol)
        fault = self._drawn(CREATE)
        self.stage.pause(self.stage.rng.uniform(0, 2))
        if fault in ("429", "503", "moderation"):
            return _refused(protocol, fault)
        self._lose(fault, make, request)
        made = make()
        if made is None:
            return _refused(protocol, "duplicate")
        if fault == "lost-reply":
            raise httpx.RemoteProtocolError("cut", request=request)
        if fault == "late-reply":
            self.stage.pause(31)
            raise httpx.ReadTimeout("late", request=request)
        if fault == "500-after":
            return _refused(protocol, "500")
        if protocol == Protocol.SEGMIND_V1:
            return self._held(made)
        if made.ready <= CLOCK.now():
            return _whole(kling.encode_at_once(self._seen(made), "r"))
        return _whole(_created(protocol, self._seen(made)))

    def _lose(self, fault: str, make: Callable[[], object], request: httpx.Request) -> None:
        """Raises what a sender sees whose create made nothing, or has made nothing yet."""
        if fault == "refused-connection":
            raise httpx.ConnectError("refused", request=request)
        if fault == "lost-request":
            raise httpx.RemoteProtocolError("cut", request=request)
        if fault == "late-made":
            moment = CLOCK.now() + timedelta(seconds=self.stage.rng.uniform(*_ON_ITS_WAY))
            self._on_its_way.append((moment, make))
            raise httpx.RemoteProtocolError("cut", request=request)
        if fault == "late-nothing":
            self.stage.pause(31)
            raise httpx.ReadTimeout("late", request=request)

    def _make(self, order: Order, params: Params, account: str, protocol: Protocol) -> Made | None:
        ours = order.external_id
        if ours and any(m.task.external_id == ours for m in self.made.values()):
            self.stage.faults["duplicate"] += 1
            if not self.repeats:
                return None
        label = whole_prompt(params).rpartition(" ")[2]
        self.creates[label] += 1
        number = len(self.made) + 1
        slow = self.stage.rng.random() < 0.04
        fails = self.stage.rng.random() < 0.06
        if fails:
            self._struck("fails")
        if slow:
            self._struck("never-in-time")
        seconds = 100_000 if slow else self.stage.rng.uniform(0.1, 40)
        product = PRODUCTS.get(params.kind)
        if product and product.at_once:
            seconds = 0
        if protocol == Protocol.SEGMIND_V1:
            seconds = min(seconds, 1000)
        task = Task(
            id=f"{8 * 10**17 + number}", state=TaskState.QUEUED, external_id=ours,
            prompt=params.prompt, created_ms=number, updated_ms=number,
        )  # fmt: skip
        ready = CLOCK.now() + timedelta(seconds=seconds)
        sound = product is not None
        made = self.made[task.id] = Made(task, account, label, ready, fails, sound)
        if order.callback_url:
            self.tokens.append(order.callback_url.rpartition("/")[2])
        self.stage.note(f"makes {label}")
        return made

    def _held(self, made: Made) -> Answer:
        self.stage.pause((made.ready - CLOCK.now()).total_seconds())
        task = self._seen(made)
        if made.fails:
            return _whole(segmind.encode_error(500, "it could not be made", request_id=task.id))
        headers = {**segmind.accounting_headers(task), "content-type": "video/mp4"}
        return 200, headers, self.film

    # ------------------------------------------------------------------ questions

    def _seen(self, made: Made) -> Task:
        task = made.task
        if CLOCK.now() < made.ready:
            return replace(task, state=TaskState.RUNNING)
        if made.fails:
            return replace(task, state=TaskState.FAILED, message="it could not be made")
        task = replace(task, state=TaskState.SUCCEEDED, units=_UNITS, cost_usd=_USD)
        if made.sound:
            sound = RemoteAudio(url=f"http://films.sim/{task.id}.wav", id="1", duration_ms=1000)
            return replace(task, audios=(sound,))
        film = RemoteVideo(url=f"http://films.sim/{task.id}.mp4", id="1", duration_ms=5000)
        return replace(task, videos=(film,))

    def _look(self, request: httpx.Request, protocol: Protocol, account: str) -> Answer:
        fault = self._drawn(LOOK)
        self.stage.pause(self.stage.rng.uniform(0, 0.5))
        if fault == "look-lost":
            raise httpx.ReadError("cut", request=request)
        if fault == "look-503":
            return 503, {}, b"{}"
        names = _asked_for(protocol, request)
        found = [
            replace(self._seen(m), state=TaskState.QUEUED, videos=(), audios=())
            if fault == "look-older"
            else self._seen(m)
            for m in self.made.values()
            if m.account == account and {m.task.id, m.task.external_id} & names
        ]
        return _whole(_told(protocol, found))

    def fetch(self, url: str, **_: Any) -> Iterator[bytes]:
        """A film's bytes, or what comes instead."""
        self.stage.check_alive()
        if not self.stage.outside():
            self.stage.wrong.append("a transaction is open during a download")
        whole = SOUND if url.endswith(".wav") else self.film
        fault = self._drawn(FILM)
        self.stage.pause(self.stage.rng.uniform(0, 3))
        if fault == "film-expired":
            raise http.FetchFailed("HTTP 403", 403)
        if fault == "film-away":
            raise http.FetchFailed("HTTP 503", 503)
        if fault == "film-corrupt":
            yield whole[:32] + bytes(len(whole) - 32)
            return
        if fault == "film-cut":
            yield whole[: len(whole) // 2]
            raise http.FetchFailed("half of the bytes came")
        yield whole

    def call_back(self) -> None:
        """A callback, sometimes twice, for any task at any time."""
        if self.tokens:
            token = self.stage.rng.choice(self.tokens)
            times = self.stage.rng.choice((1, 2))
            self._struck("callback" if times == 1 else "callback-twice")
            for _ in range(times):
                callbacks.received(token)

    def has(self, label: str) -> bool:
        """Whether a film of this order could be had by now."""
        now = CLOCK.now()
        return any(m.label == label and not m.fails and m.ready <= now for m in self.made.values())

    def bills(self, label: str) -> bool:
        """Whether a film of this order was made and is to be paid."""
        return any(m.label == label and not m.fails for m in self.made.values())


# ---------------------------------------------------------------------- words of the vendors


def _order(protocol: Protocol, request: httpx.Request) -> Order:
    body, parts = json.loads(request.content), request.url.path.strip("/").split("/")
    if protocol == Protocol.KLING:
        return kling.decode_order(parts[-1], body)  # type: ignore[arg-type]
    if protocol == Protocol.KLING_2026:
        found = kling_2026.route("/".join(parts))
        assert found is not None
        return kling_2026.decode_order(*found, body)
    if protocol == Protocol.LLMPROVIDER:
        return llmprovider.decode_order(body)
    slug = slugs.find(parts[-1])
    assert slug is not None
    return segmind.decode_order(slug, body)


def _created(protocol: Protocol, task: Task) -> WireReply:
    if protocol == Protocol.KLING:
        return kling.encode_created(task, "r")
    if protocol == Protocol.KLING_2026:
        return kling_2026.encode_created(task, "r")
    if protocol == Protocol.LLMPROVIDER:
        return llmprovider.encode_created(task)
    return segmind.encode_queued(task, "http://segmind.sim")


def _told(protocol: Protocol, found: list[Task]) -> WireReply:
    if protocol == Protocol.KLING_2026:
        return kling_2026.encode_tasks(found, "r")
    if protocol == Protocol.KLING:
        missing = codes.encode_error(1203, "task not found", "r", status_style="official")
        return kling.encode_task(found[0], "r") if found else missing
    if protocol == Protocol.LLMPROVIDER:
        gone = llmprovider.encode_error(404, "Task not found", code="task_not_found")
        return llmprovider.encode_task(found[0]) if found else gone
    return (
        segmind.encode_result(found[0])
        if found
        else segmind.encode_error(404, "Request 1 not found")
    )


def _asked_for(protocol: Protocol, request: httpx.Request) -> set[str | None]:
    if protocol == Protocol.KLING_2026:
        query = parse_qs(urlsplit(str(request.url)).query)
        return {name for listed in query.values() for name in listed[0].split(",")}
    return {part for part in request.url.path.split("/") if part}


_REFUSALS = {"429": (429, 1302), "503": (503, 5001), "500": (500, 5000)}
_REFUSALS |= {"moderation": (400, 1301), "duplicate": (400, 1201)}


def _refused(protocol: Protocol, fault: str) -> Answer:
    status, code = _REFUSALS[fault]
    if protocol in (Protocol.KLING, Protocol.KLING_2026):
        return _whole(codes.encode_error(code, fault, "r", status_style="official"))
    if protocol == Protocol.LLMPROVIDER:
        words = "content_policy_violation" if fault == "moderation" else "error"
        return _whole(llmprovider.encode_error(status, fault, code=words))
    return _whole(segmind.encode_error(status, fault))


def _whole(reply: WireReply) -> Answer:
    headers = {**reply.headers, "content-type": "application/json"}
    return reply.status, headers, json.dumps(reply.json).encode()
