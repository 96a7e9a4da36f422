"""The vendor behind all dialects: takes orders, lets time pass, misbehaves where told to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from generations.catalogue import billable, registry
from generations.catalogue.params import Params
from generations.catalogue.products.editing import ADD, BEGIN, DELETE, PREVIEW
from generations.catalogue.products.registry import PRODUCTS
from generations.sandbox import faults
from generations.sandbox.credentials import EMPTY
from generations.sandbox.film import reel
from generations.sandbox.renderer import FACE, FILE, MARKED, WAV
from generations.sandbox.settings import Settings
from generations.sandbox.store import Record, Store, Taken
from generations.sandbox.studio import Studio, now_ms
from generations.sandbox.weather import Weather
from generations.wire.meter import Pack
from generations.wire.task import RemoteAudio, RemoteVideo, Task, TaskState

RANK = {TaskState.QUEUED: 1, TaskState.RUNNING: 2, TaskState.SUCCEEDED: 3, TaskState.FAILED: 3}
PACK_UNITS, BALANCE_USD = Decimal(1_000_000), Decimal(100_000)
USD_PER_UNIT = billable.CREDITS_PER_UNIT * billable.CREDIT_USD
_JITTER = 0.2
_QUEUE_SHARE = 0.06
_LOOK_SECONDS = 0.05
_VIDEO, _AUDIO = 10**17, 2 * 10**17  # what a film's and a sound's id exceed their task's by
_WORDED = ("text", "sound_effect_prompt", "bgm_prompt", "voice_name", "element_name")


class Refusal(Exception):
    """A create that is not answered with a task; `sort` is what each dialect has words for.

    Sorts: moderation, discontinued, rate, parallel, unavailable, duplicate (nothing was made);
    internal, dropped (the task exists all the same).
    """

    def __init__(self, sort: str, message: str = "") -> None:
        super().__init__(message or sort)
        self.sort = sort
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A valid create as it reached a dialect."""

    dialect: str
    account: str
    params: Params
    external_id: str | None = None
    callback_url: str | None = None


class Vendor:
    """Orders in, tasks out; the only one who decides what state a task is in."""

    def __init__(self, settings: Settings, store: Store, studio: Studio) -> None:
        self.settings, self.store, self.studio = settings, store, studio
        self.weather = Weather(settings.weather, store)
        self._secret = store.secret()
        self._costs_asked: dict[str, float] = {}
        self.call_back: Callable[[Record, Task], Awaitable[None]] | None = None

    async def create(self, wish: Wish) -> Record:
        """Take an order and have its film made. Raises Refusal, also after taking it."""
        prompt = whole_prompt(wish.params)
        script = faults.read(prompt)
        self._refuse_for_the_weather()
        self._refuse_before(wish, script, self._count_try(wish, _label(wish, prompt)))
        record = self._record(wish, prompt, script)
        try:
            self.store.add(record, billable.official_units(wish.params))
        except Taken:
            message = f"external_task_id {wish.external_id} is in use already"
            raise Refusal("duplicate", message) from None
        self.studio.order(record)
        if record.callback_url and self.call_back and self._early(script):
            await self.call_back(record, self.task(record))
        if script.has("5xx-after"):
            raise Refusal("internal", "internal server error (sandbox: fail:5xx-after)")
        if script.has("lost-reply") or self.weather.strikes("lost-reply"):
            raise Refusal("dropped")
        if self.weather.strikes("stall"):
            await asyncio.sleep(self.settings.stall)
        return record

    def _early(self, script: faults.Script) -> bool:
        """Whether its first callback comes before the answer. Asked only where one was wanted."""
        return script.callback == "early" or self.weather.strikes("callback-early")

    def _count_try(self, wish: Wish, label: str) -> int:
        """Which try of the order this is. A careful client numbers its tries: `order-1`, `-2`."""
        tries = self.store.count_try(wish.dialect, wish.account, label)
        order, hyphen, number = label.rpartition("-")
        if wish.external_id and hyphen and number.isascii() and number.isdigit():
            return self.store.tries(wish.dialect, wish.account, order)
        return tries

    def _refuse_for_the_weather(self) -> None:
        if self.weather.strikes("lost-request"):
            raise Refusal("dropped")
        if self.weather.strikes("429"):
            raise Refusal("rate", "too many requests (sandbox: weather)")
        if self.weather.strikes("5xx"):
            raise Refusal("unavailable", "temporarily unavailable (sandbox: weather)")

    def _refuse_before(self, wish: Wish, script: faults.Script, tries: int) -> None:
        """The refusals that leave no task behind."""
        early = tries <= faults.REFUSED_TRIES
        if script.has("discontinued"):
            name = wish.params.model
            message = f"The model '{name}' has been discontinued and is no longer available."
            raise Refusal("discontinued", message)
        if script.has("moderation"):
            raise Refusal("moderation", "the prompt may violate the content policy (sandbox)")
        if script.has("429") and early:
            raise Refusal("rate", "too many requests (sandbox: fail:429)")
        if script.has("5xx-before") and early:
            raise Refusal("unavailable", "temporarily unavailable (sandbox: fail:5xx-before)")
        limit = self.settings.parallel
        if limit and self.store.unfinished(wish.account, now_ms()) >= limit:
            raise Refusal("parallel", "parallel task over resource pack limit")

    def _record(self, wish: Wish, prompt: str, script: faults.Script) -> Record:
        params = json.dumps(wish.params.to_json(), sort_keys=True)
        digest = hashlib.sha256(f"{self.settings.film}\0{params}".encode()).digest()
        created = now_ms()
        delay = self._delay_ms(wish.params, script, digest)
        return Record(
            id=_new_id(wish.dialect),
            dialect=wish.dialect,
            account=wish.account,
            kind=wish.params.kind,
            external_id=wish.external_id,
            label=_label(wish, prompt),
            params=params,
            prompt=prompt,
            film=digest.hex()[:40],
            callback_url=None if script.callback == "none" else wish.callback_url,
            created_ms=created,
            started_ms=created + round(delay * _QUEUE_SHARE),
            ready_ms=None if script.has("never") else created + delay,
        )

    def _delay_ms(self, params: Params, script: faults.Script, digest: bytes) -> int:
        """How long the film takes: the model's average, give or take a fifth by its content."""
        if script.slow is not None:
            return round(script.slow * 1000)
        product = PRODUCTS.get(params.task)
        if product and product.at_once:
            return 0
        eta = product.eta if product else registry.get(params.model).eta(params.kind)
        usual = eta * 1000 / self.settings.speed
        jitter = 1 + _JITTER * (int.from_bytes(digest[:4], "big") / 2**31 - 1)
        return round(usual * jitter * (self.settings.late if script.has("late") else 1))

    def state(self, record: Record, at_ms: int) -> TaskState:
        """What has become of the task by that moment."""
        if record.ready_ms is not None and at_ms >= record.ready_ms:
            if record.script.has("failed") or record.broken:
                return TaskState.FAILED
            if record.rendered_ms is not None:
                return TaskState.SUCCEEDED
        return TaskState.RUNNING if at_ms >= record.started_ms else TaskState.QUEUED

    async def ended(self, task_id: str, seconds: float) -> Task:
        """The task when it has ended, or as it is after `seconds`.

        A film whose time has come is waited for until it is drawn: that is our machine's time, not
        the vendor's. Raises Refusal when the task is gone.
        """
        until = time.monotonic() + seconds
        while True:
            record = self.store.get(task_id)
            if record is None:
                raise Refusal("internal", "the task is gone")
            task = self.task(record)
            left = until - time.monotonic()
            drawing = record.ready_ms is not None and record.ready_ms <= now_ms()
            if task.state in (TaskState.SUCCEEDED, TaskState.FAILED) or (left <= 0 and not drawing):
                return task
            due = 0.0 if drawing else min(left, ((record.ready_ms or 0) / 1000) - time.time())
            await asyncio.sleep(max(_LOOK_SECONDS, due))

    def created(self, record: Record) -> Task:
        """The task as the answer to its create tells it: not begun, unless it is made at once."""
        return self.task(record, at_ms=record.created_ms)

    def task(self, record: Record, *, at_ms: int | None = None) -> Task:
        """The task as anyone who asks at that moment sees it: now, when none is given."""
        state = self.state(record, now_ms() if at_ms is None else at_ms)
        params = record.order
        failed, done = state is TaskState.FAILED, state is TaskState.SUCCEEDED
        # A preview's film is told among its facts alone.
        filmed = done and "video" in record.outputs and record.kind != PREVIEW.name
        units = billable.official_units(params) if done else None
        reason = record.broken or "generation failed (sandbox: fail:failed)"
        return Task(
            id=record.id,
            state=state,
            external_id=record.external_id,
            message=reason if failed else "",
            videos=(self._video(record, params),) if filmed else (),
            audios=(self._audio(record),) if done and "audio" in record.outputs else (),
            **(self._facts(record, params) if done and "facts" in record.outputs else {}),
            created_ms=record.created_ms,
            updated_ms=self._updated_ms(record, state),
            units=units,
            cost_usd=self.cost_usd(params) if done else None,
            remaining_usd=self._left(record) if done else None,
            watermark=params.watermark,
            prompt=params.prompt,
            seed=params.seed,
        )

    def cost_usd(self, params: Params) -> Decimal:
        """What Segmind would charge for the film."""
        return billable.official_units(params) * USD_PER_UNIT

    def _left(self, record: Record) -> Decimal | None:
        return self.balance_usd(record.account) if record.dialect == "segmind" else None

    def balance_usd(self, account: str) -> Decimal:
        """What is left to a Segmind account: nothing on an empty one, plenty on any other."""
        spent = self.store.billed(account, "segmind", now_ms()) * USD_PER_UNIT
        return Decimal(0) if account.startswith(EMPTY) else BALANCE_USD - spent

    def pack(self, account: str) -> Pack:
        """The one resource pack of a Kling account, behind by as much as Kling's are."""
        seen = now_ms() - round(self.settings.costs_lag * 1000 / self.settings.speed)
        used = self.store.billed(account, "kling*", seen)
        return Pack(
            id=f"pack-{account}",
            name="Sandbox pack",
            total=PACK_UNITS,
            remaining=Decimal(0) if account.startswith(EMPTY) else PACK_UNITS - used,
        )

    def may_ask_costs(self, account: str) -> bool:
        """Whether its last question for its packs was a second ago."""
        now = time.monotonic()
        early = now - self._costs_asked.get(account, -1.0) < 1.0
        self._costs_asked[account] = self._costs_asked[account] if early else now
        return not early

    def _updated_ms(self, record: Record, state: TaskState) -> int:
        if state is TaskState.QUEUED:
            return record.created_ms
        if state is TaskState.RUNNING or record.ready_ms is None:
            return record.started_ms
        return max(record.ready_ms, record.rendered_ms or 0)

    def _video(self, record: Record, params: Params) -> RemoteVideo:
        path = self.studio.path(record.film)
        return RemoteVideo(
            url=self.link(record),
            id=str(int(record.id) + _VIDEO) if record.id.isdecimal() else record.id,
            duration_ms=params.duration * 1000,
            watermark_url=self.link(record, MARKED) if params.watermark else None,
            bytes=path.stat().st_size if path.exists() else None,
        )

    def _audio(self, record: Record) -> RemoteAudio:
        heard = reel.open_reel(self.studio.path(record.film, ".mp3"))
        return RemoteAudio(
            url=self.link(record, ".mp3"),
            id=str(int(record.id) + _AUDIO),
            duration_ms=round(heard.seconds * 1000),
            wav_url=self.link(record, WAV) if PRODUCTS[record.kind].wav else None,
        )

    def _facts(self, record: Record, params: Params) -> dict[str, Any]:
        """What it made that is neither film nor sound."""
        product = PRODUCTS[record.kind]
        name = int(record.id) if product.gives == "element_id" else record.id  # there a long
        facts: dict[str, Any] = {product.gives: params.inputs.get("session", name)}
        if record.kind == "identify-face":
            film = self._reel(params)
            length, seen = round(film.seconds * 1000), film.path.exists()
            face = {"face_id": "0", "face_image": self.link(record, FACE) if seen else ""}
            facts["face_data"] = [{**face, "start_time": 0, "end_time": length}]
        elif product.gives == "session_id":
            facts |= self._chosen(record, params)
        else:
            named = ("voice_name", "element_name", "element_description")
            facts |= {name: params.inputs[name] for name in named if name in params.inputs}
            facts["owned_by"] = record.account
            facts["trial_url"] = f"{self.settings.public_url}/trial"
        return {"facts": facts, "facts_at": product.facts_at}

    def _chosen(self, record: Record, params: Params) -> dict[str, Any]:
        """What each step tells while things are chosen in a film; masks without their insides."""
        film = self._reel(params)
        width, height = film.size
        if record.kind == BEGIN.name:
            return {
                "status": 0,
                "fps": film.fps,
                "original_duration": round(film.seconds * 1000),
                "width": width,
                "height": height,
                "total_frame": round(film.seconds * film.fps),
                "normalized_video": self.link(record),
            }
        if record.kind in (ADD.name, DELETE.name):
            size = {"size": [height, width]}
            mask = {"rle_mask": {**size, "counts": ""}, "png_mask": {**size, "base64": ""}}
            masks = [{"object_id": n, **mask} for n, _ in enumerate(params.inputs["points"])]
            frame = params.inputs["frame"]
            return {"status": 0, "res": {"frame_index": frame, "rle_mask_list": masks}}
        if record.kind == PREVIEW.name:
            links = {"video": self.link(record), "video_cover": self.link(record, FACE)}
            return {"status": 0, "res": {**links, "tracking_output": ""}}
        return {"status": 0}

    def _reel(self, params: Params) -> reel.Reel:
        """The film that was named; where it could not be had, one of five seconds."""
        path = self.studio.folder / str(params.inputs["video"]).removeprefix(FILE)
        return reel.open_reel(path) if path.exists() else reel.Reel(path, 5.0, (320, 180), 24)

    def face(self, record: Record) -> bytes:
        """A picture of who was found in the film that was named, as JPEG."""
        planes = next(reel.pictures(self._reel(record.order)))
        out = io.BytesIO()
        reel.picture_of(planes).save(out, "JPEG")
        return out.getvalue()

    def made(self, account: str, media_id: str) -> Record | None:
        """The account's task whose film or sound has this id, or the task itself."""
        number = int(media_id) if media_id.isdecimal() and len(media_id) <= 20 else 0
        for task_id in (media_id, str(number - _VIDEO), str(number - _AUDIO)):
            record = self.store.get(task_id)
            if record and record.account == account:
                return record
        return None

    def link(self, record: Record, suffix: str = ".mp4") -> str:
        """A fresh address of the film or sound, good for `link_seconds`."""
        expires = int(time.time()) + self.settings.link_seconds
        token = self.token(record.id, expires, record.refused_links)
        query = f"expires={expires}&issue={record.refused_links}&token={token}"
        return f"{self.settings.public_url}/films/{record.id}{suffix}?{query}"

    def token(self, task_id: str, expires: int, issue: int) -> str:
        """The signature that makes a link good."""
        text = f"{task_id}:{expires}:{issue}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]


def whole_prompt(params: Params) -> str:
    """Every word of the order that may hold a magic word."""
    own = [str(params.inputs[name]) for name in _WORDED if name in params.inputs]
    return " ".join([params.prompt, *(shot.prompt for shot in params.multi_prompt), *own]).strip()


def _label(wish: Wish, prompt: str) -> str:
    """What a create is counted by: its external id, else its prompt."""
    if wish.external_id:
        return f"external:{wish.external_id}"
    return ":".join(filter(None, ("prompt", wish.params.task, prompt)))


def _new_id(dialect: str) -> str:
    """An id in the vendor's own style."""
    if dialect.startswith("kling"):
        return str(8 * 10**17 + secrets.randbelow(10**17))
    if dialect == "llmprovider":
        return f"task_{secrets.token_hex(8)}"
    return str(uuid.uuid4())
