"""Kling's task object, written and read: the flat one that callbacks and gateways use too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.wire import loose, plain
from generations.wire.task import RemoteVideo, Task, TaskState

STATUS_WORDS = {
    TaskState.QUEUED: "submitted",
    TaskState.RUNNING: "processing",
    TaskState.SUCCEEDED: "succeed",
    TaskState.FAILED: "failed",
}


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
        made["task_result"] = {"videos": [_video(video) for video in task.videos]}
    return made


def _info(task: Task) -> dict[str, str]:
    return {"external_task_id": task.external_id} if task.external_id else {}


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
    return Task(
        id=task_id,
        state=state,
        external_id=loose.text(external) or None,
        message=_reason(fields),
        videos=_videos(fields),
        created_ms=loose.milliseconds(fields.get("created_at")),
        updated_ms=loose.milliseconds(fields.get("updated_at")),
        units=loose.number(fields.get("final_unit_deduction")),
        watermark=loose.mapping(fields.get("watermark_info")).get("enabled") is True,
    )


def _reason(fields: Mapping[str, Any]) -> str:
    error = fields.get("error")
    told = loose.mapping(error).get("message") if isinstance(error, Mapping) else error
    return loose.text(fields.get("task_status_msg")) or loose.text(told)


def _videos(fields: Mapping[str, Any]) -> tuple[RemoteVideo, ...]:
    listed = loose.sequence(loose.mapping(fields.get("task_result")).get("videos"))
    # Gateways of the new-api kind put one address beside the status.
    candidates = listed or [{"url": fields.get("url") or fields.get("video_url")}]
    return tuple(video for item in candidates if (video := loose.video(item)) is not None)
