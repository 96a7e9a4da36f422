"""A generation as others see it: the native API's object, and the task behind every dialect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.text import slugify

from generations import access, faces, storage, waiting
from generations.catalogue import billable, documentation, media
from generations.catalogue.params import DEFAULTS
from generations.catalogue.products.registry import PRODUCTS
from generations.errors import FAILURES
from generations.models import Audio, Generation, Status, Video
from generations.models.generation import TERMINAL
from generations.models.retained import Retained
from generations.products import FACTS_ONLY
from generations.standing import public_status
from generations.wire.kling.own import number_of
from generations.wire.task import RemoteAudio, RemoteVideo, Task, TaskState
from kling_saas.lib.moments import iso

_STATES = {
    "queued": TaskState.QUEUED,
    "processing": TaskState.RUNNING,
    "succeeded": TaskState.SUCCEEDED,
    "failed": TaskState.FAILED,
    "cancelled": TaskState.FAILED,
}
_FILLED = {name: DEFAULTS[name] for name in ("mode", "duration", "sound", "watermark")}
_OURS = {"pin", "source_seconds"}  # what of a stored order is nobody's business but ours
_UPSTREAMS_OWN = {"owned_by", "trial_url"}  # our account there, and a link that ends
_NAMING_WORDS, _NAMING_LETTERS = 6, 48


def generation_json(
    generation: Generation,
    video: Video | None = None,
    *,
    fresh: bool = False,
    attempts: int | None = None,
) -> dict[str, Any]:
    """The native API's generation. `fresh`: about to be accepted, so not in the queue yet.

    `attempts` is how often it was sent to an upstream; None where it is not shown (pages).
    """
    outlook = waiting.outlook(generation, fresh=fresh)
    audio = access.audio_of(generation) if generation.finished_at else None
    ended = _ended(generation, video or audio)
    return _json(generation, video, audio, ended, outlook, 0 if fresh else attempts)


def _ended(generation: Generation, kept: Retained | None) -> Retained | None:
    """What was stored of it and is kept no more; `kept` is what still is."""
    return None if kept or not generation.finished_at else access.ended_of(generation)


def page_json(page: access.Page, attempts: Mapping[int, int] | None = None) -> list[dict[str, Any]]:
    """The same of a page, in as many statements as one takes; `attempts` by their keys."""
    outlooks = waiting.outlooks(page.generations)
    return [
        _json(
            each,
            page.videos.get(each.pk),
            page.audios.get(each.pk),
            page.ended.get(each.pk),
            outlooks[each.pk],
            attempts[each.pk] if attempts is not None else None,
        )
        for each in page.generations
    ]


def _json(
    generation: Generation,
    video: Video | None,
    audio: Audio | None,
    ended: Retained | None,
    outlook: waiting.Outlook,
    attempts: int | None,
) -> dict[str, Any]:
    over = generation.status in TERMINAL
    return {
        "id": generation.public_id,
        "object": "generation",
        "livemode": generation.livemode,
        "status": public_status(generation),
        "model": generation.model,
        "kind": generation.kind,
        "input": ordered(generation.params),
        "credits": {
            "quoted": generation.credits,
            "held": 0 if over else generation.credits,
            "charged": generation.charged,
        },
        **outlook.as_json(),
        "attempts": attempts,
        "video": video_json(generation, video) if video else None,
        "audio": _audio_json(generation, audio) if audio else None,
        "media_deleted_at": iso(ended.kept_until) if ended and ended.over else None,
        "media_trashed_at": iso(ended.trashed_at) if ended else None,
        "result": _with_preview(facts(generation), generation, video) or None,
        "error": _error(generation),
        "warnings": [*generation.warnings, *documentation.retiring(generation.model)],
        "reference": generation.reference or None,
        "end_user": generation.end_user or None,
        "retention": {"days": days} if (days := generation.retention_days) else None,
        "metadata": generation.metadata,
        "created_at": iso(generation.created_at),
        "finished_at": iso(generation.finished_at),
        "deleted_at": iso(generation.trashed_at),
    }


def ordered(film: Mapping[str, Any]) -> dict[str, Any]:
    """A stored order in full, for its customer; a length that is not known is left out."""
    filled_in = {} if film.get("task") else _FILLED
    whole = {name: value for name, value in {**filled_in, **film}.items() if name not in _OURS}
    if not whole.get("duration"):
        whole.pop("duration", None)
    return whole


def facts(generation: Generation) -> dict[str, Any]:
    """What it made that is neither film nor sound; ids by which it is referred to are ours.

    An order that failed has them when they came late and were given free.
    """
    product = PRODUCTS.get(generation.kind)
    found = generation.made.get("facts", {})
    given = generation.status == Status.SUCCEEDED or (
        generation.status == Status.FAILED and generation.kind in FACTS_ONLY
    )
    if not given or product is None or not found:
        return {}
    found = {n: _unlinked(value) for n, value in found.items() if n not in _UPSTREAMS_OWN}
    gone = {"deleted_at": iso(generation.deleted_at)} if generation.deleted_at else {}
    return {**found, **faces.told(generation), product.gives: _given(generation), **gone}


def _given(generation: Generation) -> str:
    """The id by which what it made is named: a later step of a session tells the session's."""
    return str(generation.params.get("session", generation.public_id))


def _with_preview(
    told: dict[str, Any], generation: Generation, video: Video | None
) -> dict[str, Any]:
    """Facts whose `res` speaks of a film, with our links to it and to a picture of it."""
    res = told.get("res")
    if not video or not isinstance(res, Mapping) or "video" not in res:
        return told
    links = {
        "video": _film_link(generation, video),
        "video_cover": _link(video, video.poster_key),
    }
    return {**told, "res": {**res, **links}}


def _unlinked(told: Any) -> Any:
    """What an upstream told, without its links: they end, and show whose they are."""
    if isinstance(told, Mapping):
        return {name: _unlinked(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_unlinked(value) for value in told]
    return None if isinstance(told, str) and media.is_address(told) else told


def _facts_at_kling(generation: Generation) -> dict[str, Any]:
    """The same, an element's id as the long that clients of Kling's read; empty once deleted."""
    if generation.deleted_at:
        return {}
    found = facts(generation)
    return found | ({"element_id": number_of(generation.pk)} if "element_id" in found else {})


def _audio_json(generation: Generation, audio: Audio) -> dict[str, Any]:
    address = _sound_link(generation, audio)
    expires = storage.link_expires_at(address)
    return {
        "id": audio.public_id,
        "url": address,
        "expires_at": iso(datetime.fromtimestamp(expires, UTC)) if expires else None,
        "kept_until": iso(audio.kept_until),
        "wav_url": _wav_link(generation, audio),
        "content_type": audio.content_type,
        "duration": round(audio.duration_ms / 1000, 3),
        "bytes": audio.bytes,
        "sha256": audio.sha256,
    }


def _remote_audio(generation: Generation, audio: Audio) -> RemoteAudio:
    return RemoteAudio(
        url=_sound_link(generation, audio),
        id=audio.public_id,
        duration_ms=audio.duration_ms,
        wav_url=_wav_link(generation, audio),
    )


def _wav_link(generation: Generation, audio: Audio) -> str | None:
    if not audio.wav_key:
        return None
    return _link(audio, audio.wav_key, file_name(generation, "wav"))


def _sound_link(generation: Generation, audio: Audio) -> str:
    suffix = audio.key.rpartition(".")[2]
    return _link(audio, audio.key, file_name(generation, suffix))


def file_name(generation: Generation, suffix: str) -> str:
    """What a download is saved as: the first words of its prompt in ASCII, and its id."""
    words = slugify(str(generation.params.get("prompt", ""))[:200]).split("-")[:_NAMING_WORDS]
    begin = "-".join(words)[:_NAMING_LETTERS].strip("-")
    return f"{begin}-{generation.public_id}.{suffix}".lstrip("-")


def video_json(generation: Generation, video: Video) -> dict[str, Any]:
    """The film with links made now; `expires_at` is when these end, `kept_until` when it does."""
    address = _film_link(generation, video)
    expires = storage.link_expires_at(address)
    return {
        "id": video.public_id,
        "url": address,
        "expires_at": iso(datetime.fromtimestamp(expires, UTC)) if expires else None,
        "kept_until": iso(video.kept_until),
        "watermark_url": _marked_link(generation, video),
        "poster_url": _link(video, video.poster_key),
        "preview_url": _link(video, video.preview_key) if video.preview_key else None,
        "width": video.width,
        "height": video.height,
        "duration": round(video.duration_ms / 1000, 3),
        "has_sound": video.has_sound,
        "bytes": video.bytes,
        "sha256": video.sha256,
    }


def _film_link(generation: Generation, video: Video) -> str:
    return _link(video, video.key, file_name(generation, "mp4"))


def _marked_link(generation: Generation, video: Video) -> str | None:
    """The film with the watermark that was ordered; None where none was, or none came."""
    if not video.marked_key:
        return None
    return _link(video, video.marked_key, "marked-" + file_name(generation, "mp4"))


def _link(row: Retained, key: str, name: str = "") -> str:
    """To one of its files, for no longer than they are kept."""
    return storage.link(key, name=name, until=row.kept_until)


def _error(generation: Generation) -> dict[str, Any] | None:
    if not generation.error_code:
        return None
    known = FAILURES.get(generation.error_code)
    return {
        "code": generation.error_code,
        "message": generation.error_message,
        "retryable": known is not None and known.retryable,
        "refund": {"credits": generation.credits, "at": iso(generation.finished_at)},
    }


def task(generation: Generation, video: Video | None = None) -> Task:
    """The same as a dialect's task. Units are credits ÷ 10 (Kling's official units)."""
    audio = access.audio_of(generation) if generation.status == Status.SUCCEEDED else None
    parent = access.parents_of([generation]).get(generation.pk)
    succeeded = generation.status == Status.SUCCEEDED
    ended = _ended(generation, video or audio) if succeeded else None
    return _task(generation, video, audio, parent, ended)


def tasks(page: access.Page) -> list[Task]:
    """Those of a page, in as many statements as one takes."""
    parents = access.parents_of(page.generations)
    return [
        _task(
            each,
            page.videos.get(each.pk),
            page.audios.get(each.pk),
            parents.get(each.pk),
            page.ended.get(each.pk),
        )
        for each in page.generations
    ]


def _task(
    generation: Generation,
    video: Video | None,
    audio: Audio | None,
    parent: Video | None,
    ended: Retained | None,
) -> Task:
    done = generation.finished_at or generation.submitted_at or generation.created_at
    films: tuple[RemoteVideo, ...] = ()
    succeeded = generation.status == Status.SUCCEEDED
    if succeeded and video:
        films = (
            RemoteVideo(
                url=_film_link(generation, video),
                id=video.public_id,
                duration_ms=video.duration_ms,
                watermark_url=_marked_link(generation, video),
                bytes=video.bytes,
            ),
        )
    params, product = generation.order(), PRODUCTS.get(generation.kind)
    return Task(
        id=generation.public_id,
        state=_STATES[public_status(generation)],
        external_id=generation.external_id,
        message=_message(generation, ended),
        videos=films,
        audios=(_remote_audio(generation, audio),) if audio and succeeded else (),
        gone=_gone(generation) if ended and succeeded else (),
        facts=_with_preview(_facts_at_kling(generation), generation, video) if succeeded else {},
        facts_at=product.facts_at if product else "",
        parent=_parent(parent) if parent else None,
        created_ms=_ms(generation.created_at),
        updated_ms=_ms(done),
        units=billable.units_of(generation.credits) if succeeded else None,
        cost_usd=billable.usd_of(generation.credits) if succeeded else None,
        watermark=params.watermark,
        prompt=params.prompt,
        seed=params.seed,
    )


def _gone(generation: Generation) -> tuple[str, ...]:
    product = PRODUCTS.get(generation.kind)
    outputs = product.outputs if product else ("video",)
    return tuple(f"{name}s" for name in outputs if name != "facts")


def _message(generation: Generation, ended: Retained | None) -> str:
    """Why there is nothing; empty where there is."""
    if generation.status == Status.SUCCEEDED and ended:
        return f"It {ended.farewell}."
    return generation.error_message or (
        "cancelled" if generation.status == Status.CANCELLED else ""
    )


def _parent(film: Video) -> RemoteVideo:
    return RemoteVideo(_link(film, film.key), film.public_id, film.duration_ms)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
