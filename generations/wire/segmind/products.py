"""Segmind's pages of Kling's other products: omni films, movements, avatars, scenes of two people.

Names and defaults are those of its pages; what those leave open is our reading: that kling-o1-*
make films in pro (they name no quality, and Kling's own default is pro), that image2video and
video2video of kling-o3 have text2video's defaults, and the mode and version of kling-hug and -kiss.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from generations.catalogue.params import Params
from generations.catalogue.products import moving, omni, speaking
from generations.catalogue.products.checking import TASK
from generations.catalogue.products.sources import SLACK
from generations.catalogue.spec import ASPECT_RATIOS
from generations.wire.segmind.page import Parameter, Slug
from generations.wire.task import BadRequest

_FILM_MAX = 10  # s, of the film that an omni film follows or edits: Kling's own limit
_AUTO = "auto"
_SHARED_WORDS = ("negative_prompt", "cfg_scale")  # on o3's page, without a word of Kling's for them
_NATIVE_MARK = re.compile(r"<<<(image|video|element)_(\d{1,2})>>>")
_LISTED = re.compile(r"(images|videos)\[([0-9]+)\](?:\.(\w+))?")
_ALONE = ("first", "second", "first_frame", "end_frame")  # pictures with a parameter for each
_PAGE_MARK = re.compile(r"@(image|video|element)(\d{1,2})\b", re.IGNORECASE)

_PROMPT = Parameter(name="prompt", native="prompt", required=True)
_IMAGE = Parameter(name="image_url", native="image", required=True)
_VIDEO = Parameter(name="video_url", native="video", required=True)
_IMAGES = Parameter(name="image_urls", native="images")
_ELEMENTS = Parameter(name="elements", native="inline_elements")
_KEEP = Parameter(name="keep_audio", native="keep_sound", default=False)
_AUDIO = Parameter(name="generate_audio", native="sound", default=False)
_MODE = Parameter(name="mode", native="mode", default="pro", allowed=("std", "pro"))
_SHOTS = (
    Parameter(name="multi_prompt", native="multi_prompt"),
    Parameter(name="shot_type", native="shot_type", default="customize"),
)
_SECONDS = Parameter(
    name="duration",
    native="duration",
    default="5",
    allowed=tuple(str(seconds) for seconds in omni.LENGTHS),
)
_FIVE_OR_TEN = Parameter(name="duration", native="duration", default=5, allowed=("5", "10"))
_OF_V3 = {mode: (omni.V3, mode) for mode in ("std", "pro")}


def _ratio(default: str, *more: str) -> Parameter:
    allowed = (*more, *ASPECT_RATIOS)
    return Parameter(name="aspect_ratio", native="aspect_ratio", default=default, allowed=allowed)


def _page(
    name: str,
    title: str,
    task: str,
    variants: Mapping[str, tuple[str, str]],
    *parameters: Parameter,
    recorded: bool = True,
) -> Slug:
    selector = "" if "" in variants else "mode"
    return Slug(
        name=name,
        title=title,
        kinds=(task,),
        variants=variants,
        selector=selector,
        parameters=parameters,
        recorded=recorded,
    )


def _omni_page(name: str, title: str, *parameters: Parameter) -> Slug:
    of_o1 = name.startswith("kling-o1")
    variants = {"": (omni.O1, "pro")} if of_o1 else _OF_V3
    more = () if of_o1 else (_MODE,)
    return _page(name, title, omni.OMNI.name, variants, _PROMPT, *parameters, *more)


def _motion_page(word: str, mode: str) -> Slug:
    return _page(
        f"kling-2.6-{word}-motion-control",
        f"Kling 2.6 {word.title()} Motion Control",
        moving.MOTION_CONTROL.name,
        {"": ("kling-v2-6", mode)},
        _PROMPT,
        _IMAGE,
        _VIDEO,
        Parameter(
            name="character_orientation",
            native="character_orientation",
            default="video",
            allowed=("video", "image"),
        ),
        Parameter(name="keep_original_sound", native="keep_original_sound", default=True),
    )


def _avatar_page(word: str, mode: str) -> Slug:
    return _page(
        f"kling-v1-{word}-ai-avatar",
        f"Kling V1 {word.title()} AI Avatar",
        speaking.AVATAR.name,
        {"": (speaking.AVATAR.own_model, mode)},
        _IMAGE,
        Parameter(name="audio_url", native="audio", required=True),
        Parameter(name="prompt", native="prompt"),
    )


def _scene_page(scene: str) -> Slug:
    return _page(
        f"kling-{scene}",
        f"Kling {scene.title()}",
        moving.EFFECTS.name,
        {mode: (moving.EFFECTS.own_model, mode) for mode in ("std", "pro")},
        Parameter(name="first_reference_image", native="first", required=True),
        Parameter(name="second_reference_image", native="second", required=True),
        Parameter(name="mode", native="mode", default="std", allowed=("std", "pro")),
        Parameter(name="duration", native="duration", default=5, allowed=("5",)),
        recorded=False,
    )


_FROM_WORDS = _omni_page(
    "kling-o3-text2video",
    "Kling O3 Text-to-Video",
    _ratio("16:9"),
    _SECONDS,
    _AUDIO,
    Parameter(name="cfg_scale", native="cfg_scale"),
    Parameter(name="negative_prompt", native="negative_prompt"),
    *_SHOTS,
)
_FROM_FRAMES = _omni_page(
    "kling-o3-image2video",
    "Kling O3 Image to Video",
    Parameter(name="image_url", native="first_frame", required=True),
    Parameter(name="end_image_url", native="end_frame"),
    _SECONDS,
    _AUDIO,
    *_SHOTS,
)
_EDITS = (
    _omni_page(
        "kling-o3-video2video-edit",
        "Kling O3 Video to Video Edit",
        _VIDEO, _IMAGES, _ELEMENTS, _ratio("16:9"), _SECONDS, _KEEP,
    ),
    _omni_page(
        "kling-o1-video-to-video-edit",
        "Kling O1 Video to Video Edit",
        _VIDEO, _IMAGES, _ELEMENTS, _KEEP,
    ),
)  # fmt: skip
_FOLLOWING = (
    _omni_page(
        "kling-o3-video2video-reference",
        "Kling O3 Video to Video Reference",
        _VIDEO, _IMAGES, _ELEMENTS, _ratio("16:9"), _SECONDS, _KEEP, _SHOTS[1],
    ),
    _omni_page(
        "kling-o1-video-to-video-reference",
        "Kling O1 Video to Video Reference",
        _VIDEO, _IMAGES, _ELEMENTS, _ratio(_AUTO, _AUTO), _FIVE_OR_TEN, _KEEP,
    ),
)  # fmt: skip
_FROM_PICTURES = _omni_page(
    "kling-o1-reference-image-to-video",
    "Kling O1 Reference Image to Video",
    Parameter(name="image_urls", native="images", required=True),
    _ELEMENTS,
    _ratio("16:9"),
    _FIVE_OR_TEN,
)
_SCENES = {f"kling-{scene}": scene for scene in ("hug", "kiss")}
_USE_OF_FILM = {page.name: "base" for page in _EDITS} | {
    page.name: "feature" for page in _FOLLOWING
}
PAGES: tuple[Slug, ...] = (
    _FROM_WORDS,
    _FROM_FRAMES,
    *_EDITS,
    *_FOLLOWING,
    _FROM_PICTURES,
    _motion_page("standard", "std"),
    _motion_page("pro", "pro"),
    _avatar_page("standard", "std"),
    _avatar_page("pro", "pro"),
    *(_scene_page(scene) for scene in _SCENES.values()),
)


# ------------------------------------------------------------------ an order at our door


def fields_of(
    page: Slug, fields: Mapping[str, Any], sent: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The order in our words, and what was changed. `sent` is without the page's defaults.

    Raises BadRequest.
    """
    task = page.kinds[0]
    found = {TASK: task, **fields}
    if task == moving.EFFECTS.name:
        found["effect_scene"] = _SCENES[page.name]
        found["images"] = [found.pop("first"), found.pop("second")]
    if task != omni.OMNI.name:
        return found, ()
    warnings = _without_what_kling_lacks(found)
    _place_pictures(found)
    _place_film(page, found, sent)
    if not found.get("multi_prompt") and found.get("shot_type") == omni.CUSTOMIZE:
        del found["shot_type"]
    if isinstance(found.get("prompt"), str):
        found["prompt"] = read_marks(found["prompt"])
    return found, warnings


def native_of(page: Slug, place: str) -> str:
    """A place in an order by the page's parameters, where films and some pictures stand alone."""
    found = _LISTED.fullmatch(place)
    if found is None:
        return place
    name, number, inner = found.groups()
    if name == "videos":
        return inner or "video"
    alone = [native for native in _ALONE if native in page.by_native]
    return alone[int(number)] if alone else f"{name}[{number}]"


def _without_what_kling_lacks(fields: dict[str, Any]) -> tuple[str, ...]:
    if fields.pop("inline_elements", None):
        raise BadRequest("elements", "must be made before, by task custom-element: leave it out")
    told = [name for name in _SHARED_WORDS if fields.pop(name, "") not in ("", None)]
    warnings = [f"{name} was dropped: Kling has no word for it in omni films." for name in told]
    if fields.get("aspect_ratio") == _AUTO:
        fields["aspect_ratio"] = ASPECT_RATIOS[0]
        warnings.append(f"aspect_ratio auto was taken as {ASPECT_RATIOS[0]}.")
    return tuple(warnings)


def _place_pictures(fields: dict[str, Any]) -> None:
    listed = fields.pop("images", [])
    if not isinstance(listed, list):
        raise BadRequest(_IMAGES.name, "must be a list of addresses")
    images = [{"image": address} for address in listed]
    for native, use in (("first_frame", "first_frame"), ("end_frame", "end_frame")):
        if native in fields:
            images.append({"image": fields.pop(native), "use": use})
    if images:
        fields["images"] = images


def _place_film(page: Slug, fields: dict[str, Any], sent: Mapping[str, Any]) -> None:
    keep, use = fields.pop("keep_sound", False), _USE_OF_FILM.get(page.name)
    if use is None:
        return
    fields["videos"] = [{"video": fields.pop("video"), "use": use, "keep_sound": keep}]
    if use == "base":  # which brings its own length, and its own ratio unless one was asked for
        fields.pop("duration", None)
        if "aspect_ratio" not in sent:
            fields.pop("aspect_ratio", None)


# ------------------------------------------------------------------ an order of ours at Segmind


def fits(page: Slug, params: Params) -> bool:
    """Whether the page makes what the order begins with; `page` is of its product and model."""
    check = _FITS.get(params.task)
    return check is None or check(page, params)


def _fits_scene(page: Slug, params: Params) -> bool:
    usual = params.inputs.get("version") in (None, moving.VERSIONS[0])
    return usual and params.inputs["effect_scene"] == _SCENES[page.name]


def _fits_omni(page: Slug, params: Params) -> bool:
    film, images = _film(params), params.inputs.get("images", ())
    frames = [image for image in images if image.get("use")]
    begins = {
        _FROM_WORDS.name: not images,
        _FROM_FRAMES.name: bool(frames) and len(frames) == len(images),
        _FROM_PICTURES.name: bool(images) and not frames,
    }
    use = film.get("use")
    if use != _USE_OF_FILM.get(page.name) or not begins.get(page.name, not frames):
        return False
    seconds = page.by_native.get("duration")
    told = use == "base" or not seconds or str(params.duration) in seconds.allowed
    return told and params.source_seconds <= _FILM_MAX + SLACK


_FITS: Mapping[str, Callable[[Slug, Params], bool]] = {
    moving.EFFECTS.name: _fits_scene,
    omni.OMNI.name: _fits_omni,
}


def values(params: Params) -> dict[str, Any]:
    """What an order says in its product's own fields, by our words for the page's parameters."""
    inputs, film = params.inputs, _film(params)
    images = inputs.get("images", ())
    if params.task == moving.EFFECTS.name:
        return dict(zip(("first", "second"), images, strict=False))
    plain = [image["image"] for image in images if not image.get("use")]
    return {
        **{image["use"]: image["image"] for image in images if image.get("use")},
        "images": plain or None,
        "video": film.get("video") or inputs.get("video"),
        "audio": inputs.get("audio"),
        "keep_sound": bool(film.get("keep_sound")),
        "character_orientation": inputs.get("character_orientation"),
        "keep_original_sound": inputs.get("keep_original_sound", True),
    }


def _film(params: Params) -> Mapping[str, Any]:
    return next(iter(params.inputs.get("videos", ())), {})


def write_marks(prompt: str) -> str:
    """`<<<image_1>>>` as the pages refer to it: `@Image1`."""
    return _NATIVE_MARK.sub(lambda mark: f"@{mark[1].title()}{mark[2]}", prompt)


def read_marks(prompt: str) -> str:
    """`@Image1` as native words have it: `<<<image_1>>>`."""
    return _PAGE_MARK.sub(lambda mark: f"<<<{mark[1].lower()}_{mark[2]}>>>", prompt)
