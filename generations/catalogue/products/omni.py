"""Kling's omni films: pictures, elements and one film as references, or a film to be edited.

Fields are those of Kling's page of the legacy endpoint, limits the widest of its two standards
(what one of them takes less is its codec's to say), prices those of its list of August 2026: a film
among the inputs costs more, sound costs more where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generations.catalogue.params import Params
from generations.catalogue.products import usual
from generations.catalogue.products.fields import Body, Choice, Length, Switch, Text
from generations.catalogue.products.lists import Ids, Many, Shots
from generations.catalogue.products.product import Given, Product, Row
from generations.catalogue.products.rules import conflict, marks, superfluous
from generations.catalogue.products.sources import SLACK, Medial, Picture, Source
from generations.catalogue.spec import SHOT_TYPES
from generations.catalogue.violations import Findings

O1, V3 = "kling-video-o1", "kling-v3-omni"
CUSTOMIZE = SHOT_TYPES[0]
LENGTHS = tuple(range(3, 16))  # s
O1_LONGEST = 10  # s, of the films that o1 makes and of those it works on
_REFERENCES, _BESIDE_A_FILM = 7, 4


def _base(given: Mapping[str, Any]) -> bool:
    return any(film.get("use") == "base" for film in given.get("videos") or ())


def _frames(given: Given) -> list[Any]:
    return [image.get("use") for image in given.get("images") or () if image.get("use")]


def _few_references(given: Given, findings: Findings) -> None:
    count = len(given.get("images") or ()) + len(given.get("elements") or ())
    most = _BESIDE_A_FILM if given.get("videos") else _REFERENCES
    if count > most:
        findings.refuse(
            "images" if given.get("images") else "elements",
            "too_long",
            f"and elements are {count} together" if given.get("images") else f"are {count}",
            limit=str(most),
            way_out=f"send at most {most}" + (" beside a film" if given.get("videos") else ""),
        )


def _frames_in_order(given: Given, findings: Findings) -> None:
    frames = _frames(given)
    if len(frames) != len(set(frames)):
        conflict(findings, "images", "another of the same use", "one first and one last frame")
    elif "end_frame" in frames and "first_frame" not in frames:
        conflict(findings, "images", "an end frame alone", "first_frame beside end_frame")
    elif "end_frame" in frames and len(given["images"]) > 2:
        conflict(findings, "images", "an end frame beside two others", "at most two images")


def _quiet_with_a_film(given: Given, findings: Findings) -> None:
    if given.get("videos") and given.get("sound"):
        conflict(findings, "sound", "videos", "either sound or videos")


def _base_rules(given: Given, findings: Findings) -> None:
    if not _base(given):
        return
    if given.get("duration"):
        superfluous(given, findings, "duration", "what has no base film")
    for name in ("multi_prompt", "shot_type"):
        if given.get(name):
            conflict(findings, name, "a base film", f"either {name} or a base film")
            break
    if _frames(given):
        conflict(findings, "images", "a base film", "either frames or a base film")


def _shots_are_told_or_planned(given: Given, findings: Findings) -> None:
    """As for other films: shots are customized unless Kling is to plan them from the prompt."""
    told, planned = given.get("multi_prompt"), given.get("shot_type") == "intelligence"
    if told and planned:
        conflict(findings, "multi_prompt", "shot_type intelligence", "shot_type customize")
    elif told:
        given["shot_type"] = CUSTOMIZE
    elif given.get("shot_type") == CUSTOMIZE and not findings.refused("multi_prompt"):
        superfluous(given, findings, "shot_type", "multi_prompt")


def _prompt_unless_the_shots_have_theirs(given: Given, findings: Findings) -> None:
    told = given.get("prompt") or given.get("multi_prompt")
    if not told and not any(findings.refused(name) for name in ("prompt", "multi_prompt")):
        findings.refuse(
            "prompt",
            "required",
            "is missing",
            limit="what is to happen",
            way_out="send prompt, or multi_prompt",
        )


def _ratio_where_nothing_shows_it(given: Given, findings: Findings) -> None:
    if given.get("aspect_ratio") or _base(given) or "first_frame" in _frames(given):
        return
    if not findings.refused("aspect_ratio"):
        findings.refuse(
            "aspect_ratio",
            "required",
            "is missing",
            limit="16:9, 9:16, 1:1",
            way_out="send it, or a first frame or a base film",
        )


def _length(params: Params, sources: Mapping[str, Source]) -> int | None:
    """The shots' sum, the base film's length, or what was asked for."""
    if params.multi_prompt:
        return sum(shot.duration for shot in params.multi_prompt)
    if _base(params.inputs) and (film := sources.get("videos[0].video")):
        return min(LENGTHS[-1], max(LENGTHS[0], round(film.seconds)))
    return params.duration or 5


def _base_decides_the_length(params: Params, body: Body) -> None:
    if _base(params.inputs):
        body.pop("duration", None)


def _shots_fit(given: Given, findings: Findings) -> None:
    total = sum(shot.duration for shot in given.get("multi_prompt") or ())
    if total and not 3 <= total <= 15:
        findings.refuse(
            "multi_prompt",
            "out_of_range",
            f"adds up to {total} s",
            limit="3 to 15 s",
            way_out="send shots of 3 to 15 s in all",
        )
    if total and given.get("duration") not in (None, total):
        conflict(findings, "duration", "the sum of multi_prompt", f"{total}")


def _o1_lengths(given: Given, findings: Findings) -> None:
    limit = f"{LENGTHS[0]} to {O1_LONGEST}"
    if given.get("model", O1) == O1 and (given.get("duration") or 0) > O1_LONGEST:
        findings.refuse(
            "duration",
            "out_of_range",
            f"of {O1} must be {limit} seconds",
            limit=limit,
            way_out=f"send {limit}, or take {V3}",
        )


def _o1_takes_short_films(
    params: Params, sources: Mapping[str, Source], findings: Findings
) -> None:
    film = sources.get("videos[0].video")
    if params.model == O1 and film and film.seconds > O1_LONGEST + SLACK:
        limit = f"{LENGTHS[0]} to {O1_LONGEST} s"
        findings.refuse(
            "videos[0].video",
            "out_of_range",
            f"is {film.seconds:.1f} s long",
            limit=f"{limit} with {O1}",
            way_out=f"send one of {limit}, or take {V3}",
        )


class _ShotType(Choice):
    """How the film is cut, beside the switch that it is."""

    __slots__ = ()

    def put(self, body: Body, value: Any) -> None:
        body |= {"multi_shot": True, "shot_type": value}


def _per_second(model: str, mode: str, units: str, **dimensions: str) -> Row:
    where = {"model": model, "mode": mode, **dimensions}
    return Row(units=units, per="second", where=tuple(sorted(where.items())))


def _prices() -> tuple[Row, ...]:
    silent, film = {"audio": "none", "input": "none"}, {"audio": "none", "input": "video"}
    loud = {"audio": "native", "input": "none"}
    return (
        _per_second(O1, "std", "0.6", **silent),
        _per_second(O1, "pro", "0.8", **silent),
        _per_second(O1, "std", "0.9", **film),
        _per_second(O1, "pro", "1.2", **film),
        _per_second(V3, "std", "0.6", **silent),
        _per_second(V3, "pro", "0.8", **silent),
        _per_second(V3, "4k", "3", **silent),
        _per_second(V3, "std", "0.8", **loud),
        _per_second(V3, "pro", "1", **loud),
        _per_second(V3, "4k", "3", **loud),
        _per_second(V3, "std", "0.9", **film),
        _per_second(V3, "pro", "1.2", **film),
        _per_second(V3, "4k", "3", **film),
    )


def _4k_is_v3(given: Given, findings: Findings) -> None:
    if given.get("mode") == "4k" and given.get("model", O1) == O1:
        conflict(findings, "mode", O1, f"std or pro, or take {V3}")


OMNI = Product(
    name="omni-video",
    title="Omni film",
    description="A film from words, pictures, elements and another film; or that film, edited.",
    path="/v1/videos/omni-video",
    models=(O1, V3),
    fields=(
        Text(
            name="prompt",
            words="Speaks of <<<image_1>>>, <<<element_1>>> and <<<video_1>>>. Not with shots.",
        ),
        Many(
            name="images",
            key="image_list",
            most=_REFERENCES,
            inner=(
                Picture(name="image", key="image_url", required=True),
                Choice(
                    name="use",
                    key="type",
                    allowed=("first_frame", "end_frame"),
                    words="The film begins, or ends, with it. A reference unless it is said.",
                ),
            ),
            words="References, or frames.",
        ),
        Ids(
            name="elements",
            key="element_list",
            inner="element_id",
            most=_REFERENCES,
            words=f"Ids of elements, to {_REFERENCES} together with images; beside a film to "
            f"{_BESIDE_A_FILM}.",
        ),
        Many(
            name="videos",
            key="video_list",
            most=1,
            inner=(
                Medial(
                    name="video",
                    medium="video",
                    key="video_url",
                    id_key="video_url",
                    low=3,
                    high=15.5,
                    least_side=720,
                    most_side=2160,
                    least_fps=24,
                    most_fps=60,
                    required=True,
                ),
                Choice(
                    name="use",
                    key="refer_type",
                    allowed=("base", "feature"),
                    default="base",
                    words="base is edited, feature is followed.",
                ),
                Switch(
                    name="keep_sound",
                    key="keep_original_sound",
                    pair=("yes", "no"),
                    words=usual.KEPT_SOUND,
                ),
            ),
            words="A film to be edited (base) or followed (feature).",
        ),
        Choice(
            name="mode",
            allowed=("pro", "std", "4k"),
            default="pro",
            aliases=usual.MODE_ALIASES,
            words=f"{usual.QUALITY} 4k is of {V3} alone.",
        ),
        replace(
            usual.ASPECT_RATIO,
            words="The film's width to its height; needed where no first frame or base film shows "
            "it.",
        ),
        Length(
            name="duration",
            allowed=LENGTHS,
            words=f"{usual.SECONDS} 5 unless given; {O1} makes to {O1_LONGEST}. Shots and a base "
            "film decide it themselves.",
        ),
        Switch(
            name="sound",
            pair=("on", "off"),
            models=(V3,),
            words="True: sound is made with the film; not beside a film that is sent.",
        ),
        Shots(name="multi_prompt", models=(V3,), words="The shots, of 3 to 15 s in all."),
        _ShotType(
            name="shot_type",
            allowed=SHOT_TYPES,
            models=(V3,),
            words="Shots as multi_prompt has them, or as Kling plans them from the prompt.",
        ),
        usual.WATERMARK,
    ),
    outputs=("video",),
    modes=("pro", "std", "4k"),
    length=_length,
    spans=True,
    measured=(_o1_takes_short_films,),
    mends=_base_decides_the_length,
    eta=320,
    rules=(
        _few_references,
        marks(image="images", video="videos", element="elements"),
        _frames_in_order,
        _quiet_with_a_film,
        _base_rules,
        _ratio_where_nothing_shows_it,
        _shots_are_told_or_planned,
        _prompt_unless_the_shots_have_theirs,
        _shots_fit,
        _o1_lengths,
        _4k_is_v3,
    ),
    prices=_prices(),
)
