"""Films out of films and pictures: longer ones, borrowed movements, several pictures, effects.

Fields and limits are those of Kling's pages (legacy standard); prices those of its list of August
2026, except the effects', which are the vendor's own node's ($0.28 a clip of 5 s), in pro those of
kling-v1-6. The effects are a part of some 198 scenes that come and go: an operator lists the others
in the console.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.catalogue.params import Params
from generations.catalogue.products import usual
from generations.catalogue.products.fields import (
    Body,
    Choice,
    Length,
    Schema,
    Switch,
    Text,
    found_at,
)
from generations.catalogue.products.lists import Ids, Many
from generations.catalogue.products.product import Given, Product, Row
from generations.catalogue.products.rules import conflict, superfluous
from generations.catalogue.products.sources import SLACK, Medial, Picture, Source
from generations.catalogue.violations import Findings

EXTEND = Product(
    name="video-extend",
    title="Extend a film",
    description="Goes on where a film of Kling's ends, by about 5 s, to 3 minutes in all.",
    path="/v1/videos/video-extend",
    models=("kling-v1", "kling-v1-5", "kling-v1-6"),
    fields=(
        Medial(
            name="video",
            medium="video",
            id_key="video_id",
            required=True,
            high=175,
            made_by=("text2video", "image2video", "video-extend"),
            words="A film made here less than 30 days ago.",
        ),
        usual.PROMPT,
        usual.NEGATIVE,
        usual.CFG_SCALE,
        usual.WATERMARK,
    ),
    outputs=("video",),
    follows="video",
    adds=5,
    inherits="video",
    eta=320,
    prices=(
        Row(units="1", where=(("model", "kling-v1"), ("mode", "std"))),
        Row(units="3.5", where=(("model", "kling-v1"), ("mode", "pro"))),
        Row(units="2", where=(("model", "kling-v1-5"), ("mode", "std"))),
        Row(units="3.5", where=(("model", "kling-v1-5"), ("mode", "pro"))),
        Row(units="2", where=(("model", "kling-v1-6"), ("mode", "std"))),
        Row(units="3.5", where=(("model", "kling-v1-6"), ("mode", "pro"))),
    ),
)

MULTI_IMAGE = Product(
    name="multi-image2video",
    title="Film from several pictures",
    description="Brings the subjects of up to four pictures together in one film.",
    path="/v1/videos/multi-image2video",
    models=("kling-v1-6",),
    fields=(
        Many(
            name="images",
            key="image_list",
            inner=(Picture(name="image"),),
            bare=True,
            least=1,
            most=4,
            required=True,
            words="1 to 4 pictures.",
        ),
        Text(name="prompt", required=True, words="What is to happen."),
        usual.NEGATIVE,
        usual.MODE,
        Length(name="duration", allowed=(5, 10), default=5, words=usual.SECONDS),
        usual.ASPECT_RATIO,
        usual.WATERMARK,
    ),
    outputs=("video",),
    modes=usual.STD_PRO,
    eta=164,
    prices=(
        Row(units="2", where=(("mode", "std"), ("seconds", "5"))),
        Row(units="4", where=(("mode", "std"), ("seconds", "10"))),
        Row(units="3.5", where=(("mode", "pro"), ("seconds", "5"))),
        Row(units="7", where=(("mode", "pro"), ("seconds", "10"))),
    ),
)


_STILL_POSE = 10  # s


def _still_pose_is_short(params: Params, sources: Mapping[str, Source], findings: Findings) -> None:
    """Whoever keeps the picture's pose cannot follow as long a film."""
    film = sources.get("video")
    still = params.inputs["character_orientation"] == "image"
    if film and still and film.seconds > _STILL_POSE + SLACK:
        findings.refuse(
            "video",
            "out_of_range",
            f"is {film.seconds:.1f} s long",
            limit=f"3 to {_STILL_POSE} s with character_orientation image",
            way_out=f"send one of 3 to {_STILL_POSE} s, or character_orientation video",
        )


MOTION_CONTROL = Product(
    name="motion-control",
    title="Borrow a movement",
    description="Moves the character of a picture as the person in a film moves.",
    path="/v1/videos/motion-control",
    models=("kling-v2-6", "kling-v3"),
    fields=(
        Picture(name="image", key="image_url", required=True, words="The character."),
        Medial(
            name="video",
            medium="video",
            key="video_url",
            id_key="video_url",
            required=True,
            low=3,
            high=30,
            megabytes=100,
            least_side=340,
            most_side=3850,
            words="The movement.",
        ),
        Choice(
            name="character_orientation",
            allowed=("image", "video"),
            required=True,
            words=f"Whose pose counts; image allows {_STILL_POSE} s, video 30 s.",
        ),
        Choice(
            name="mode",
            allowed=usual.STD_PRO,
            required=True,
            aliases=usual.MODE_ALIASES,
            words=usual.QUALITY,
        ),
        Switch(
            name="keep_original_sound", pair=("yes", "no"), default=True, words=usual.KEPT_SOUND
        ),
        usual.PROMPT,
        Ids(
            name="elements",
            key="element_list",
            inner="element_id",
            most=1,
            models=("kling-v3",),
            words="The id of an element.",
        ),
        usual.WATERMARK,
    ),
    outputs=("video",),
    modes=usual.STD_PRO,
    follows="video",
    eta=320,
    measured=(_still_pose_is_short,),
    prices=(
        Row(units="0.5", per="second", where=(("model", "kling-v2-6"), ("mode", "std"))),
        Row(units="0.8", per="second", where=(("model", "kling-v2-6"), ("mode", "pro"))),
        Row(units="0.9", per="second", where=(("model", "kling-v3"), ("mode", "std"))),
        Row(units="1.2", per="second", where=(("model", "kling-v3"), ("mode", "pro"))),
    ),
)

ONE = (
    "squish", "expansion", "fuzzyfuzzy", "bloombloom", "dizzydizzy", "jelly_press", "plushcut",
    "anime_figure", "yearbook",
)  # fmt: skip
TWO = (
    "hug", "kiss", "heart_gesture", "hug_pro", "kiss_pro", "fight_pro", "heart_gesture_pro",
    "cheers_2026",
)  # fmt: skip
OLD = ("hug", "kiss", "heart_gesture")  # run on a model and in a mode of the customer's choice
VERSIONS = ("kling-v1-6", "kling-v1-5", "kling-v1")
_FOR_TWO = 5  # s, the one length of a scene of two people


def _as_many_as_the_scene(given: Given, findings: Findings) -> None:
    count, scene = len(given.get("images") or ()), given.get("effect_scene")
    wanted = 2 if scene in TWO else 1 if scene in ONE else count
    if count and scene and count != wanted:
        findings.refuse(
            "images",
            "out_of_range",
            f"of {scene} must be {wanted}",
            limit=str(wanted),
            way_out=f"send {wanted}",
        )


def _two_are_short(given: Given, findings: Findings) -> None:
    if len(given.get("images") or ()) == 2 and given.get("duration") not in (None, _FOR_TWO):
        conflict(findings, "duration", "two images", str(_FOR_TWO))


def _model_of_old_scenes(given: Given, findings: Findings) -> None:
    """A scene that the release does not know may be one of the old ones."""
    scene = given.get("effect_scene")
    unknown = scene not in ONE + TWO
    if scene in OLD or (unknown and given.get("mode")):
        given.setdefault("version", VERSIONS[0])
    for name in ("version", "mode"):
        if given.get(name) and not unknown and scene not in OLD:
            superfluous(given, findings, name, f"effect_scene {', '.join(OLD)}")


def _model_where_it_is_asked(params: Params, body: Body) -> None:
    """The mode goes with the model; most scenes have no words for either."""
    if "version" not in params.inputs:
        del body["input"]["mode"]


class _Cast(Many):
    """One picture is `image` in Kling's body, two are `images`."""

    __slots__ = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return ("input.image", "input.images")

    def places(self) -> dict[str, Schema]:
        picture = self.inner[0].described()
        two = {"type": "array", "items": picture, "minItems": 2, "maxItems": 2}
        one = {**picture, "description": f"Of scenes with one. {picture['description']}"}
        return {"input.image": one, "input.images": two}

    def place_in(self, body: Mapping[str, Any], inside: str) -> str:
        one = found_at(body, "input.image") is not None
        return "input.image" if one else f"input.images{inside}"

    def put(self, body: Body, value: Any) -> None:
        inner = body.setdefault("input", {})
        if len(value) == 1:
            inner["image"] = value[0]
        else:
            inner["images"] = list(value)

    def take(self, body: Mapping[str, Any]) -> Any:
        one = found_at(body, "input.image")
        return found_at(body, "input.images") if one is None else [one]


EFFECTS = Product(
    name="effects",
    title="Effects",
    description="One of Kling's ready scenes for one picture, or for two people.",
    path="/v1/videos/effects",
    fields=(
        Choice(name="effect_scene", allowed=ONE + TWO, required=True, words="The scene."),
        _Cast(
            name="images",
            inner=(Picture(name="image"),),
            bare=True,
            least=1,
            most=2,
            required=True,
            words="One picture; two for scenes of two people.",
        ),
        Length(
            name="duration",
            key="input.duration",
            allowed=(5, 10),
            default=5,
            words=f"{usual.SECONDS} With two pictures {_FOR_TWO}.",
        ),
        Choice(
            name="version",
            key="input.model_name",
            allowed=VERSIONS,
            words=f"Kling's model; only of {', '.join(OLD)}.",
        ),
        Choice(
            name="mode",
            key="input.mode",
            allowed=usual.STD_PRO,
            aliases=usual.MODE_ALIASES,
            words=f"std unless given; only of {', '.join(OLD)}.",
        ),
        usual.WATERMARK,
    ),
    outputs=("video",),
    eta=320,
    rules=(_as_many_as_the_scene, _two_are_short, _model_of_old_scenes),
    mends=_model_where_it_is_asked,
    prices=(
        Row(units="2", where=(("mode", "std"), ("seconds", "5"))),
        Row(units="4", where=(("mode", "std"), ("seconds", "10"))),
        Row(units="3.5", where=(("mode", "pro"), ("seconds", "5"))),
        Row(units="7", where=(("mode", "pro"), ("seconds", "10"))),
    ),
)
