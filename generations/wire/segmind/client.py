"""Calls Segmind: v2 (queued, has an id to ask for) by default, v1 (blocking) on request.

A v1 success is the film itself, so the outcome is decided from status and headers and the body
is never read into memory here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

from generations.catalogue.params import CameraControl, Params
from generations.wire import loose, plain
from generations.wire.meter import Shown
from generations.wire.segmind import products, voices
from generations.wire.segmind.page import Slug
from generations.wire.segmind.slugs import SHOTS_MAX, SLUGS, VERSIONS
from generations.wire.task import (
    Accepted,
    Outcome,
    Reason,
    Rejected,
    RemoteVideo,
    Task,
    TaskState,
    Unknown,
    WireRequest,
)

_MODERATION = ("moderation", "policy", "safety", "nsfw", "sensitive", "risk control")
_BY_STATUS = {
    400: Reason.INVALID,
    401: Reason.AUTH,
    402: Reason.BALANCE,
    403: Reason.AUTH,
    404: Reason.DISCONTINUED,
    405: Reason.BROKEN,
    410: Reason.DISCONTINUED,
    413: Reason.INVALID,
    422: Reason.INVALID,
    429: Reason.RATE,
}


@dataclass(frozen=True, slots=True)
class FilmFollows:
    """The body of this answer is the film: stream it to storage. `task` has id and cost."""

    task: Task


def slug_for(params: Params) -> Slug | None:
    """The page that makes this order, a recorded one first; None when no page does."""
    fitting = [slug for slug in SLUGS if _selection(slug, params) is not None]
    fitting.sort(key=lambda slug: not slug.recorded)
    return next((slug for slug in fitting if _carries(slug, params)), None)


def can_serve(params: Params) -> bool:
    """Whether a page makes this order as ordered."""
    return voices.can_serve(params) or slug_for(params) is not None


def lost(params: Params) -> tuple[str, ...]:
    """The fields of this order that its page cannot carry."""
    slug = slug_for(params)
    known = slug.by_native if slug else {}
    given = {
        "aspect_ratio": params.kind != "text2video" and params.aspect_ratio is not None,
        "cfg_scale": params.cfg_scale is not None,
        "negative_prompt": bool(params.negative_prompt),
    }
    gone = [name for name, value in given.items() if value and name not in known]
    return (*gone, "seed") if params.seed is not None else tuple(gone)


def _selection(slug: Slug, params: Params) -> str | None:
    """The selector's value that means this model and mode; None when the page has neither."""
    if params.kind not in slug.kinds:
        return None
    if "version" in slug.by_native:
        return params.mode if params.model in VERSIONS.values() else None
    for value, (model, mode) in slug.variants.items():
        if (model, mode) == (params.model, params.mode):
            return value
    return None


def _carries(slug: Slug, params: Params) -> bool:
    needs = {
        "camera_control": params.camera_control is not None,
        "image_tail": params.image_tail is not None,
        "multi_prompt": bool(params.multi_prompt),
        "shot_type": params.shot_type is not None,
        "voices": bool(params.voices),
        "sound": params.sound,
        "elements": bool(params.elements),
        "masks": bool(params.static_mask or params.dynamic_masks),
        "watermark": params.watermark,  # on no page
    }
    if any(need and name not in slug.by_native for name, need in needs.items()):
        return False
    if params.image_tail and _selection(slug, params) not in slug.tail_variants:
        return False
    if params.task and not products.fits(slug, params):
        return False
    return _starts(slug, params) and len(params.multi_prompt) <= SHOTS_MAX and _whole(params)


def _starts(slug: Slug, params: Params) -> bool:
    """Whether what the page requires is there: an image, and a prompt even beside shots."""
    image, prompt = slug.by_native.get("image"), slug.by_native.get("prompt")
    if image and image.required and not params.image:
        return False
    return bool(params.prompt or params.multi_prompt or not (prompt and prompt.required))


def _whole(params: Params) -> bool:
    """Segmind's camera values are whole numbers."""
    move = params.camera_control
    return move is None or move.value is None or float(move.value).is_integer()


def encode_create(
    params: Params,
    *,
    version: Literal["v1", "v2"] = "v2",
    words: Mapping[str, str] = voices.WORDS,
) -> WireRequest:
    """POST to the order's page. Raises ValueError when no page makes it (see `can_serve`).

    `words` are those of the page that makes voices.
    """
    if voices.can_serve(params):
        path = f"/{version}/{voices.SLUG}"
        return WireRequest(method="POST", path=path, json=voices.body_of(params, words))
    slug = slug_for(params)
    if slug is None:
        raise ValueError(f"no Segmind page makes {params.model} {params.mode} as ordered")
    values = _values(slug, params)
    body = {
        parameter.name: value
        for native, parameter in slug.by_native.items()
        if (value := values.get(native)) is not None
    }
    return WireRequest(method="POST", path=f"/{version}/{slug.name}", json=body)


def _values(slug: Slug, params: Params) -> dict[str, Any]:
    """What the order says, by our words for the page's parameters."""
    marked = products.write_marks if params.task else str
    values: dict[str, Any] = {
        # The page requires a prompt even where the shots have their own.
        "prompt": marked(params.prompt or " ".join(s.prompt for s in params.multi_prompt)[:2500]),
        # Sent when empty too: the page would fill in words of its own.
        "negative_prompt": params.negative_prompt,
        "cfg_scale": None if params.cfg_scale is None else plain.number(params.cfg_scale),
        "aspect_ratio": params.aspect_ratio,
        "duration": str(params.duration),
        "sound": params.sound,
        "image": params.image,
        "image_tail": params.image_tail,
        "mode": _selection(slug, params) or params.mode,
        "version": next((v for v, model in VERSIONS.items() if model == params.model), None),
        "voices": list(params.voices) or None,
        "shot_type": params.shot_type,
        "multi_prompt": [
            {"prompt": marked(shot.prompt), "duration": str(shot.duration)}
            for shot in params.multi_prompt
        ]
        or None,
        **_camera(params.camera_control),
    }
    return values | (products.values(params) if params.task else {})


def _camera(move: CameraControl | None) -> dict[str, Any]:
    if move is None:
        return {}
    value = None if move.value is None else int(move.value)
    return {"camera_control": move.type, "camera_axis": move.axis, "camera_value": value}


def encode_credits() -> WireRequest:
    """GET what is left to the account."""
    return WireRequest(method="GET", path="/v1/get-user-credits")


def decode_credits(status: int, headers: Mapping[str, str], body: bytes) -> Shown | Rejected:
    """The answer to `encode_credits`, in dollars."""
    answer = loose.json_object(body)
    left = loose.number((answer or {}).get("credits"))
    if 200 <= status < 300 and left is not None:
        return Shown(balance_usd=left)
    found = _refusal(status, headers, answer) if status >= 300 else None
    if isinstance(found, Rejected):
        return found
    return Rejected(Reason.UNAVAILABLE, str(status), "the balance was not told")


def encode_get(request_id: str) -> WireRequest:
    """GET a v2 request with its output."""
    return WireRequest(method="GET", path=f"/v2/requests/{quote(request_id, safe='')}")


def film_follows(status: int, headers: Mapping[str, str]) -> FilmFollows | None:
    """Whether a v1 answer's body is the film, from status and headers alone."""
    content = loose.header(headers, "content-type").lower()
    if status != 200 or not content.startswith(("video/", "application/octet-stream")):
        return None
    return FilmFollows(
        Task(
            id=loose.text(loose.header(headers, "x-request-id")),
            state=TaskState.SUCCEEDED,
            cost_usd=loose.number(loose.header(headers, "x-cost")),
            remaining_usd=loose.number(loose.header(headers, "x-remaining-credits")),
        )
    )


def decode_created(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    words: Mapping[str, str] = voices.WORDS,
) -> Outcome:
    """The outcome of a v2 create, or of a v1 create whose body is JSON.

    A 2xx without a task and every 5xx are Unknown: only a look-up may tell.
    """
    answer = loose.json_object(body)
    if answer is not None and 200 <= status < 300:
        task = _task(answer, headers, words)
        return Accepted(task) if task else Unknown(str(status), "a success without a task")
    return _refusal(status, headers, answer)


def decode_task(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    words: Mapping[str, str] = voices.WORDS,
) -> Task | Rejected:
    """The answer to `encode_get`; a failed film comes as HTTP 422.

    An unknown id is a 404 in Segmind's words, `Request <id> not found`; another 404 tells nothing.
    """
    answer = loose.json_object(body)
    if answer is not None and (200 <= status < 300 or status == 422):
        task = _task(answer, headers, words)
        if task is not None:  # the header may name this question instead
            return replace(task, id=loose.text(answer.get("request_id")))
    if status < 300:
        return Rejected(Reason.BROKEN, str(status), "the answer makes no sense")
    found = _refusal(status, headers, answer)
    if status == 404 and _is_missing(found.message):
        return Rejected(Reason.NOT_FOUND, found.code, found.message)
    if isinstance(found, Unknown) or status == 404:
        return Rejected(Reason.UNAVAILABLE, found.code, found.message, loose.retry_after(headers))
    return found


def _is_missing(message: str) -> bool:
    words = message.lower()
    return "request" in words and "not found" in words


def _task(
    answer: Mapping[str, Any], headers: Mapping[str, str], words: Mapping[str, str]
) -> Task | None:
    films = _films(answer)
    voice = {} if films else voices.made(answer, words)
    state = loose.state(answer.get("status"))
    if state is None and (films or voice):
        # Old v1 pages answer with the result and nothing else.
        state = TaskState.SUCCEEDED
    header_id = loose.text(loose.header(headers, "x-request-id"))
    task_id = loose.text(answer.get("request_id")) or header_id
    settled = state in (TaskState.SUCCEEDED, TaskState.FAILED)
    if state is None or not (task_id or settled):
        return None
    metrics = loose.mapping(answer.get("metrics"))
    header_cost = loose.header(headers, "x-cost")
    header_left = loose.header(headers, "x-remaining-credits")
    message = _message(answer) if state is TaskState.FAILED else ""
    return Task(
        id=task_id,
        state=state,
        message=message,
        reason=Reason.MODERATION if _is_moderation(message) else Reason.FAILED,
        videos=films,
        facts=voice if state is TaskState.SUCCEEDED else {},
        cost_usd=loose.number(metrics.get("cost", header_cost)),
        remaining_usd=loose.number(metrics.get("remaining_credits", header_left)),
        prompt=loose.text(answer.get("prompt")),
    )


def _films(answer: Mapping[str, Any]) -> tuple[RemoteVideo, ...]:
    output = answer.get("output")
    listed = output[0] if isinstance(output, list) and output else output
    video = loose.mapping(answer.get("video"))
    for url in (video.get("url"), listed, answer.get("url"), answer.get("video_url")):
        if loose.address(url):
            size = loose.number(video.get("file_size"))
            known = size is not None and 0 < size < 10**12
            return (RemoteVideo(loose.address(url), bytes=int(size) if size and known else None),)
    return ()


def _message(answer: Mapping[str, Any] | None) -> str:
    error = (answer or {}).get("error")
    told = loose.mapping(error).get("message") if isinstance(error, Mapping) else error
    return loose.text(told) or loose.text((answer or {}).get("message"))


def _refusal(
    status: int, headers: Mapping[str, str], answer: Mapping[str, Any] | None
) -> Rejected | Unknown:
    message = _message(answer) or f"HTTP {status}"
    words = message.lower()
    reason = _BY_STATUS.get(status)
    if status == 406:
        # One status, three meanings: an empty account, a team's limit, a wrong content type.
        reason = Reason.BROKEN if "content type" in words else Reason.BALANCE
    if 300 <= status < 400:
        reason = Reason.BROKEN
    if reason is None:
        return Unknown(str(status), message)
    if reason is Reason.INVALID and _is_moderation(message):
        reason = Reason.MODERATION
    return Rejected(reason, str(status), message, loose.retry_after(headers))


def _is_moderation(message: str) -> bool:
    words = message.lower()
    return any(word in words for word in _MODERATION)
