"""Omni films and borrowed movements in Kling's 2026 standard, both ways.

The page of kling-3.0-omni asks for several shots and silence beside a film that is followed
(feature_video), and for neither frames nor shots nor made sound beside one that is edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.catalogue.params import Kind, Params
from generations.catalogue.products import omni
from generations.catalogue.products.checking import TASK
from generations.catalogue.products.moving import MOTION_CONTROL
from generations.catalogue.violations import Findings, Violation
from generations.wire import loose
from generations.wire.kling_standard.models import (
    PRODUCTS,
    RESOLUTIONS,
    read_marks,
    read_shots,
    write_marks,
    write_shots,
)
from generations.wire.task import BadRequest

_FRAMES = {"first_frame": "first_frame", "end_frame": "last_frame"}
_REFERENCE = "refer_image"
_FILMS = {"base": "base_video", "feature": "feature_video"}
_USES = {word: use for use, word in (_FRAMES | _FILMS).items()}
_MODES = {resolution: mode for mode, resolution in RESOLUTIONS.items()}
_LOUD, _KEPT, _OFF = "native", "original", "off"


def can_serve(params: Params) -> bool:
    """Whether this standard sells the product as it was ordered."""
    return params.model in PRODUCTS.get(params.task, {}) and beyond(params) is None


def beyond(params: Params) -> Violation | None:
    """What of an order this standard does not take, though another upstream may."""
    findings = Findings(lenient=False)
    if params.task == MOTION_CONTROL.name and params.elements:
        _leave_out(findings, "elements", "have no place on this page")
    if _follows(params) and params.model == omni.V3 and _film(params).get("keep_sound"):
        _leave_out(findings, "videos[0].keep_sound", "does not go with a film that is followed")
    return next(iter(findings.violations), None)


def _leave_out(findings: Findings, name: str, problem: str) -> None:
    findings.refuse(name, "unsupported", problem, limit=f"no {name}", way_out="leave it out")


def lost(params: Params) -> tuple[str, ...]:
    """What of an order is not as it was asked for.

    kling-3.0-omni cuts what follows a film into shots, asked or not.
    """
    unasked = _follows(params) and params.model == omni.V3 and params.shot_type is None
    given = {"shot_type": unasked, "seed": params.seed is not None}
    return tuple(name for name, value in given.items() if value)


def body_of(params: Params) -> dict[str, Any]:
    """Contents and settings of an order."""
    write = _omni if params.task == omni.OMNI.name else _motion
    contents, settings = write(params)
    return {"contents": contents, "settings": settings}


def _film(params: Params) -> Mapping[str, Any]:
    return next(iter(params.inputs.get("videos", ())), {})


def _follows(params: Params) -> bool:
    return _film(params).get("use") == "feature"


def _words(text: str) -> list[dict[str, Any]]:
    return [{"type": "prompt", "text": write_marks(text)}] if text else []


def _omni(params: Params) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Every picture, film and element has the name by which the prompt may speak of it."""
    film = _film(params)
    told = write_shots(params.multi_prompt) if params.multi_prompt else params.prompt
    contents = _words(told)
    contents += [
        {
            "type": _FRAMES.get(str(image.get("use")), _REFERENCE),
            "url": image["image"],
            "id": f"image_{place}",
        }
        for place, image in enumerate(params.inputs.get("images", ()), 1)
    ]
    contents += [
        {"type": "element", "element_id": element, "id": f"element_{place}"}
        for place, element in enumerate(params.elements, 1)
    ]
    if film:
        contents.append({"type": _FILMS[film["use"]], "url": film["video"], "id": "video_1"})
    return contents, _omni_settings(params, film)


def _omni_settings(params: Params, film: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"resolution": RESOLUTIONS[params.mode]}
    if film.get("use") != "base":  # which decides the length itself
        settings["duration"] = params.duration
    if params.aspect_ratio:
        settings["aspect_ratio"] = params.aspect_ratio
    settings["audio"] = _LOUD if params.sound else _KEPT if film.get("keep_sound") else _OFF
    if params.model == omni.V3:
        settings["multi_shot"] = params.shot_type is not None or _follows(params)
    return settings


def _motion(params: Params) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    inputs = params.inputs
    contents = [
        *_words(params.prompt),
        {"type": "image", "url": params.image},
        {"type": "video", "url": inputs["video"]},
    ]
    return contents, {
        "resolution": RESOLUTIONS[params.mode],
        "character_orientation": inputs["character_orientation"],
        "audio": _KEPT if inputs.get("keep_original_sound", True) else _OFF,
    }


def fields_of(kind: Kind, model: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The order in our words, not yet checked; `model` is native. Raises BadRequest."""
    contents = [loose.mapping(item) for item in loose.sequence(body.get("contents"))]
    settings = loose.mapping(body.get("settings"))
    read = _read_omni if kind == omni.OMNI.name else _read_motion
    fields: dict[str, Any] = {TASK: kind, "model": model, "mode": _mode(settings)}
    fields |= {name: settings[name] for name in ("duration", "aspect_ratio") if name in settings}
    return fields | read(model, contents, settings)


def _mode(settings: Mapping[str, Any]) -> str:
    told = settings.get("resolution", RESOLUTIONS["std"])
    if told not in _MODES:
        raise BadRequest("settings.resolution", f"must be one of {', '.join(_MODES)}")
    return _MODES[told]


def _audio(settings: Mapping[str, Any], *allowed: str) -> str:
    told = settings.get("audio", allowed[0])
    if told not in allowed:
        raise BadRequest("settings.audio", f"must be one of {', '.join(allowed)}")
    return str(told)


def _read_motion(
    model: str, contents: list[Mapping[str, Any]], settings: Mapping[str, Any]
) -> dict[str, Any]:
    if "duration" in settings:
        raise BadRequest("settings.duration", "is the film's: leave it out")
    fields: dict[str, Any] = {
        "character_orientation": settings.get("character_orientation"),
        "keep_original_sound": _audio(settings, _KEPT, _OFF) == _KEPT,
    }
    for item in contents:
        match item.get("type"):
            case "prompt":
                fields["prompt"] = read_marks(loose.text(item.get("text")))
            case "image" | "video" as kind:
                fields[kind] = item.get("url")
            case _:
                raise _strange()
    return fields


def _read_omni(
    model: str, contents: list[Mapping[str, Any]], settings: Mapping[str, Any]
) -> dict[str, Any]:
    fields: dict[str, Any] = {"images": [], "elements": [], "videos": []}
    for item in contents:
        match item.get("type"):
            case "prompt":
                fields["prompt"] = read_marks(loose.text(item.get("text")))
            case "refer_image":
                fields["images"].append({"image": item.get("url")})
            case "first_frame" | "last_frame" as word:
                fields["images"].append({"image": item.get("url"), "use": _USES[word]})
            case "element":
                fields["elements"].append(loose.text(item.get("element_id")))
            case "base_video" | "feature_video" as word:
                fields["videos"].append({"video": item.get("url"), "use": _USES[word]})
            case _:
                raise _strange()
    _hear(model, fields, settings)
    if settings.get("multi_shot") is True:
        split(fields)
    return {name: value for name, value in fields.items() if value not in ([], None)}


def _strange() -> BadRequest:
    return BadRequest("contents", "has an entry of a type this path does not take")


def _hear(model: str, fields: dict[str, Any], settings: Mapping[str, Any]) -> None:
    """The sound, and what the page of kling-3.0-omni says of it beside a film."""
    third = model == omni.V3
    audio = _audio(settings, _OFF, _KEPT, *((_LOUD,) if third else ()))
    uses = [film["use"] for film in fields["videos"]]
    if third and "feature" in uses and not (settings.get("multi_shot") is True and audio == _OFF):
        raise BadRequest("settings", "must have multi_shot true and audio off with feature_video")
    if "base" in uses and (settings.get("multi_shot") is True or audio == _LOUD):
        raise BadRequest("settings", "must have neither multi_shot nor native audio")
    for film in fields["videos"]:
        film["keep_sound"] = audio == _KEPT
    if third:
        fields["sound"] = audio == _LOUD


def split(fields: dict[str, Any]) -> None:
    """A prompt written as shots is customized; any other is left to Kling to plan."""
    shots = read_shots(loose.text(fields.get("prompt")))
    if not shots:
        fields["shot_type"] = "intelligence"
        return
    fields.pop("prompt")
    fields["shot_type"] = "customize"
    fields["multi_prompt"] = [{"prompt": s.prompt, "duration": s.duration} for s in shots]
