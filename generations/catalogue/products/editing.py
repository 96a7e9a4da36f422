"""Multi-elements: things are chosen in a film, then replaced, added or removed.

Fields and limits are those of Kling's pages; a film costs 3 (std) or 5 (pro) units for every 5 s
by its list of August 2026. The choosing is on no list that we know: each step is priced as Kling's
smallest call is, and an operator corrects the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from generations.catalogue.params import Params
from generations.catalogue.products import usual
from generations.catalogue.products.facts import Fact
from generations.catalogue.products.fields import Choice, Length, Number, Text, Thing, Whole
from generations.catalogue.products.lists import Many
from generations.catalogue.products.product import Given, Product, Row
from generations.catalogue.products.rules import marks
from generations.catalogue.products.sources import Picture, Source
from generations.catalogue.violations import Findings

_BASE = "/v1/videos/multi-elements"
_BEGUN, _ADDED, _DELETED = "init-selection", "add-selection", "delete-selection"
_SESSION = Thing(
    name="session",
    key="session_id",
    required=True,
    made_by=(_BEGUN, _ADDED, _DELETED, "clear-selection"),
    hours=usual.SESSION_HOURS,
    words="The id of the generation that began the choosing, within 24 hours.",
)
_FRAME = Whole(
    name="frame",
    key="frame_index",
    low=0,
    high=100_000,
    required=True,
    words="The frame of the film that points speak of, from 0.",
)
_POINTS = Many(
    name="points",
    inner=(
        Number(name="x", low="0", high="1", required=True, words="A share of the width."),
        Number(name="y", low="0", high="1", required=True, words="A share of the height."),
    ),
    least=1,
    most=10,
    required=True,
    words="Where the thing is, as shares of width and height.",
)


def _frame_in_the_film(params: Params, sources: Mapping[str, Source], findings: Findings) -> None:
    """A frame that is chosen in is one of the film's, where it is known how many it has."""
    film, frame = sources.get(_SESSION.name), params.inputs.get(_FRAME.name, 0)
    if not film or not film.frames or frame < film.frames:
        return
    limit = f"0 to {film.frames - 1}"
    findings.refuse(
        _FRAME.name,
        "out_of_range",
        f"is {frame}, and the film has {film.frames} frames",
        limit=limit,
        way_out=f"send one of {limit}",
    )


def _something_is_chosen(_: Params, sources: Mapping[str, Source], findings: Findings) -> None:
    film = sources.get(_SESSION.name)
    if film and not film.chosen:
        findings.refuse(
            _SESSION.name,
            "conflict",
            "has nothing chosen in it",
            limit=f"a session with an {_ADDED}",
            way_out=f"order {_ADDED} in it first",
        )


_STATUS = Fact(
    name="status", type="integer", words="0, or Kling's code of why it was not done.", sample=0
)
_CHOICE = Fact(
    name="res",
    type="object",
    words="What is chosen in the frame now.",
    inner=(
        Fact(name="frame_index", type="integer", words="The frame.", sample=10),
        Fact(
            name="rle_mask_list",
            type="array",
            words="A mask of each thing that is chosen, as Kling tells it.",
            sample=[{"object_id": 0, "rle_mask": {"size": [720, 1280], "counts": "…"}}],
        ),
    ),
)
_SHOWN = Fact(
    name="res",
    type="object",
    words="The choice, seen in the film.",
    inner=(
        Fact(
            name="video",
            type="string",
            words="A link to the film with the choice marked: url of video. Null once it is not "
            "kept, and in the trash.",
            sample="https://…/preview.mp4",
            nullable=True,
        ),
        Fact(
            name="video_cover",
            type="string",
            words="A link to a picture of it: poster_url of video. Null as video is.",
            sample="https://…/poster.webp",
            nullable=True,
        ),
        Fact(
            name="tracking_output",
            type="string",
            words="The masks of every frame, as Kling tells them; null where that is a link.",
            sample="…",
            nullable=True,
        ),
    ),
)
_MEASURES = (
    Fact(name="fps", type="number", words="Frames a second of the film.", sample=24),
    Fact(name="original_duration", type="integer", words="Its length in ms.", sample=5000),
    Fact(name="width", type="integer", words="Its width in pixels.", sample=1280),
    Fact(name="height", type="integer", words="Its height in pixels.", sample=720),
    Fact(name="total_frame", type="integer", words="How many frames it has.", sample=120),
    Fact(
        name="normalized_video",
        type="string",
        words="Null: Kling's own copy of the film is not passed on.",
        nullable=True,
    ),
)


def _step(
    name: str,
    title: str,
    description: str,
    *more: Whole | Many,
    tells: tuple[Fact, ...] = (_STATUS, _CHOICE),
) -> Product:
    path = f"{_BASE}/{name}"
    step = usual.session_step(
        name, title, description, path, _SESSION, *more, follows="session", tells=tells
    )
    return replace(step, measured=(_frame_in_the_film,) if _FRAME in more else ())


BEGIN = usual.session_step(
    _BEGUN,
    "Multi-elements: open a film",
    "Opens a film, so that things in it can be chosen.",
    f"{_BASE}/{_BEGUN}",
    usual.film(2, 10),
    follows="video",
    tells=(_STATUS, *_MEASURES),
)
ADD = _step(
    _ADDED,
    "Multi-elements: choose a thing in it",
    "Adds a thing in one frame to what is chosen.",
    _FRAME,
    _POINTS,
)
DELETE = _step(
    _DELETED,
    "Multi-elements: take a thing from the choice",
    "Takes a thing away from what is chosen.",
    _FRAME,
    _POINTS,
)
CLEAR = _step(
    "clear-selection",
    "Multi-elements: clear the choice",
    "Takes everything away from what is chosen.",
    tells=(_STATUS,),
)
PREVIEW = replace(
    _step(
        "preview-selection",
        "Multi-elements: show the choice",
        "Shows what is chosen in the film.",
        tells=(_STATUS, _SHOWN),
    ),
    outputs=("video", "facts"),
)


def _pictures_for_what_comes(given: Given, findings: Findings) -> None:
    """Something put in needs a picture of it; what goes needs none."""
    mode, images = given.get("edit_mode"), given.get("images")
    if mode == "removal" and images:
        findings.refuse(
            "images",
            "conflict",
            "do not go with edit_mode removal",
            limit="no images",
            way_out="leave them out",
        )
    elif mode in ("addition", "swap") and not images and not findings.refused("images"):
        findings.refuse(
            "images",
            "required",
            f"are missing for edit_mode {mode}",
            limit="1 or 2 images",
            way_out="send a picture of what comes in",
        )


EDIT = Product(
    name="multi-elements",
    title="Multi-elements: edit what is chosen",
    description="Adds, swaps or removes the things that were chosen in a film.",
    path=_BASE,
    models=("kling-v1-6",),
    fields=(
        _SESSION,
        Choice(
            name="edit_mode",
            allowed=("addition", "swap", "removal"),
            required=True,
            words="addition puts something in, swap replaces what is chosen, removal takes it out.",
        ),
        Many(
            name="images",
            key="image_list",
            inner=(Picture(name="image"),),
            bare=True,
            most=2,
            words="What comes in.",
        ),
        Text(name="prompt", required=True, words="Speaks of <<<video_1>>> and <<<image_1>>>."),
        usual.NEGATIVE,
        usual.MODE,
        Length(name="duration", allowed=(5, 10), default=5, words=usual.SECONDS),
        usual.WATERMARK,
    ),
    outputs=("video",),
    modes=usual.STD_PRO,
    rules=(_pictures_for_what_comes, marks(image="images")),
    measured=(_something_is_chosen,),
    eta=320,
    prices=(
        Row(units="3", where=(("mode", "std"), ("seconds", "5"))),
        Row(units="6", where=(("mode", "std"), ("seconds", "10"))),
        Row(units="5", where=(("mode", "pro"), ("seconds", "5"))),
        Row(units="10", where=(("mode", "pro"), ("seconds", "10"))),
    ),
)
