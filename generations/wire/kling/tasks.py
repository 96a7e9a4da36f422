"""Kling's task object, written and read: the flat one that callbacks and gateways use too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.wire import loose, plain
from generations.wire.kling import codes
from generations.wire.task import RemoteAudio, RemoteVideo, Task, TaskState

STATUS_WORDS = {
    TaskState.QUEUED: "submitted",
    TaskState.RUNNING: "processing",
    TaskState.SUCCEEDED: "succeed",
    TaskState.FAILED: "failed",
}


_NAMES_OF_FACTS = ("session_id", "element_id", "voice_id")
_OF_THE_TASK = {
    "task_id", "task_status", "task_status_msg", "task_info", "task_result", "watermark_info",
    "final_unit_deduction", "final_balance_deduction", "created_at", "updated_at",
}  # fmt: skip


def created(task: Task) -> dict[str, Any]:
    """The short object a create answers with."""
    return {
        "task_id": task.id,
        "task_status": STATUS_WORDS[task.state],
        "task_info": _info(task),
        "created_at": task.created_ms,
        "updated_at": task.updated_ms,
    }


def flat(task: Task) -> dict[str, Any]:
    """The whole object: ids, units and lengths are strings, times are numbers."""
    made = {
        "task_id": task.id,
        "task_status": STATUS_WORDS[task.state],
        "task_status_msg": task.message,
        "task_info": _info(task),
        "watermark_info": {"enabled": task.watermark},
        "created_at": task.created_ms,
        "updated_at": task.updated_ms,
    }
    if task.units is not None:
        made["final_unit_deduction"] = plain.decimal(task.units)
    if task.state is TaskState.SUCCEEDED:
        made["task_result"] = _result(task)
        if not task.facts_at:
            made |= task.facts
    return made


def _result(task: Task) -> dict[str, Any]:
    result: dict[str, Any] = {name: [] for name in task.gone}
    if task.audios:
        result["audios"] = [_audio(audio) for audio in task.audios]
    if task.facts_at:  # a thing that was deleted has no facts any more
        result[task.facts_at] = [dict(task.facts)] if task.facts else []
    if task.videos or not (result or task.facts):
        result["videos"] = [_video(video) for video in task.videos]
    return result


def _audio(audio: RemoteAudio) -> dict[str, str]:
    """Both of Kling's shapes: speech has `url`, sounds have one for each format."""
    forms = {"_mp3": audio.url, "_wav": audio.wav_url} if audio.wav_url else {"": audio.url}
    made = {"id": audio.id} | {f"url{form}": url for form, url in forms.items() if url}
    if audio.duration_ms is not None:
        length = plain.seconds(audio.duration_ms)
        made |= {f"duration{form}": length for form in forms}
    return made


def _info(task: Task) -> dict[str, Any]:
    info: dict[str, Any] = {"external_task_id": task.external_id} if task.external_id else {}
    return info | ({"parent_video": _video(task.parent)} if task.parent else {})


def _video(video: RemoteVideo) -> dict[str, str]:
    made = {"id": video.id, "url": video.url}
    if video.duration_ms is not None:
        made["duration"] = plain.seconds(video.duration_ms)
    if video.watermark_url:
        made["watermark_url"] = video.watermark_url
    return made


def read(fields: Mapping[str, Any]) -> Task | None:
    """A task from a flat object, Kling's or a gateway's; None without id or known status."""
    task_id = loose.text(fields.get("task_id")) or loose.text(fields.get("id"))
    state = loose.state(fields.get("task_status") or fields.get("status"))
    if not task_id or state is None:
        return None
    info = loose.mapping(fields.get("task_info"))
    external = info.get("external_task_id") or fields.get("external_task_id")
    message = _reason(fields)
    return Task(
        id=task_id,
        state=state,
        external_id=loose.text(external) or None,
        message=message,
        reason=codes.why_failed(message),
        videos=_videos(fields),
        audios=_audios(fields),
        **_facts(fields),
        created_ms=loose.milliseconds(fields.get("created_at")),
        updated_ms=loose.milliseconds(fields.get("updated_at")),
        units=loose.number(fields.get("final_unit_deduction")),
        watermark=loose.mapping(fields.get("watermark_info")).get("enabled") is True,
        parent=loose.video(info.get("parent_video")),
    )


def read_at_once(fields: Mapping[str, Any]) -> Task | None:
    """What a product answers at once, without a task around it; None without any id."""
    names = (loose.text(fields.get(name)) for name in ("task_id", *_NAMES_OF_FACTS))
    found = next((name for name in names if name), "")
    if not found:
        return None
    return Task(
        id=found,
        state=TaskState.SUCCEEDED,
        videos=_videos(fields),
        audios=_audios(fields),
        units=loose.number(fields.get("final_unit_deduction")),
        **_facts(fields),
    )


def _facts(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What was made besides films and sounds, and where it stood."""
    for place, listed in loose.mapping(fields.get("task_result")).items():
        first = next(iter(loose.sequence(listed)), None)
        if place not in ("videos", "audios") and isinstance(first, Mapping):
            return {"facts": dict(first), "facts_at": place}
    if not any(name in fields for name in _NAMES_OF_FACTS):
        return {}
    return {"facts": {n: value for n, value in fields.items() if n not in _OF_THE_TASK}}


def _audios(fields: Mapping[str, Any]) -> tuple[RemoteAudio, ...]:
    listed = loose.sequence(loose.mapping(fields.get("task_result")).get("audios"))
    return tuple(audio for item in listed if (audio := loose.audio(item)) is not None)


def _reason(fields: Mapping[str, Any]) -> str:
    error = fields.get("error")
    told = loose.mapping(error).get("message") if isinstance(error, Mapping) else error
    return loose.text(fields.get("task_status_msg")) or loose.text(told)


def _videos(fields: Mapping[str, Any]) -> tuple[RemoteVideo, ...]:
    listed = loose.sequence(loose.mapping(fields.get("task_result")).get("videos"))
    # Gateways of the new-api kind put one address beside the status; a preview's is in `res`.
    beside = fields.get("url") or fields.get("video_url")
    candidates = listed or [{"url": beside or loose.mapping(fields.get("res")).get("video")}]
    return tuple(video for item in candidates if (video := loose.video(item)) is not None)
