"""What a customer asks for, in Kling's own words and already normalised.

Pure Python: website, native API, dialects, adapters and sandbox all pass this one value around.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from typing import Any

SHOTS_MAX = 6  # segments of one multi-shot film, at Kling's own API; Segmind takes fewer
Kind = str
"""`text2video`, `image2video`, or the name of a product (`catalogue.products`)."""
FILMS: tuple[Kind, ...] = ("text2video", "image2video")


def called(kind: Kind, model: str) -> str:
    """What is called at an upstream, by whose doings breakers and refusals go.

    A model for films; a product's endpoint may be closed or ail while its model makes films.
    """
    return model if kind in FILMS else f"{kind} {model}"


@dataclass(frozen=True, slots=True)
class CameraControl:
    """A camera move. `axis` and `value` (-10 to 10, not 0) go only with type `simple`."""

    type: str
    axis: str | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """One segment of a multi-shot film: its own prompt and its length in whole seconds."""

    prompt: str
    duration: int


@dataclass(frozen=True, slots=True)
class DynamicMask:
    """A motion-brush mask (address or base64) and the path it moves along, in image pixels."""

    mask: str
    trajectories: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """One film as ordered. `duration` is whole seconds and is what is billed.

    `image`, `image_tail` and masks are addresses or raw base64 (no `data:` prefix).
    `aspect_ratio` and `cfg_scale` are None where the model or kind has none.

    An order of another product than films names it in `task`; `inputs` holds the product's own
    fields, JSON-ready, and `duration` the length of what comes out. `source_seconds` is the length
    of the longest film it names, where upstreams take films of different lengths. `pin` is the
    account that alone can make it, because it holds what the order refers to.
    """

    model: str
    prompt: str = ""
    negative_prompt: str = ""
    mode: str = "std"
    duration: int = 5
    aspect_ratio: str | None = None
    cfg_scale: float | None = None
    sound: bool = False
    image: str | None = None
    image_tail: str | None = None
    camera_control: CameraControl | None = None
    shot_type: str | None = None
    multi_prompt: tuple[Shot, ...] = ()
    voices: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    static_mask: str | None = None
    dynamic_masks: tuple[DynamicMask, ...] = ()
    watermark: bool = False
    seed: int | None = None
    task: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict, hash=False)
    source_seconds: float = 0
    pin: int | None = None

    @property
    def kind(self) -> Kind:
        """The product, or image-to-video when a first or last frame is given, or text-to-video."""
        if self.task:
            return self.task
        return "image2video" if self.image or self.image_tail else "text2video"

    @property
    def words(self) -> str:
        """Its prompt; a multi-shot film's are those of its shots."""
        return self.prompt or " / ".join(shot.prompt for shot in self.multi_prompt)

    @property
    def called(self) -> str:
        """What is called at an upstream to make it."""
        return called(self.kind, self.model)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict of the fields that differ from their defaults, plus `model`.

        `inputs` lie flat beside the others.
        """
        changed: dict[str, Any] = dict(self.inputs)
        for name, default in DEFAULTS.items():
            value = getattr(self, name)
            if value != default:
                changed[name] = _plain(value)
        return changed

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Params:
        """The inverse of `to_json`: trusts its input, which we wrote."""
        values = {name: value for name, value in stored.items() if name in NAMES}
        values["inputs"] = {name: value for name, value in stored.items() if name not in NAMES}
        if values.get("camera_control"):
            values["camera_control"] = CameraControl(**values["camera_control"])
        values["multi_prompt"] = tuple(Shot(**s) for s in values.get("multi_prompt", ()))
        values["voices"] = tuple(values.get("voices", ()))
        values["elements"] = tuple(values.get("elements", ()))
        values["dynamic_masks"] = tuple(
            DynamicMask(m["mask"], tuple((p[0], p[1]) for p in m["trajectories"]))
            for m in values.get("dynamic_masks", ())
        )
        return cls(**values)


DEFAULTS = {f.name: f.default for f in fields(Params) if f.default_factory is MISSING}
"""What stands where `to_json` leaves a field out; MISSING for `model`."""
NAMES = frozenset(DEFAULTS)


def _plain(value: Any) -> Any:
    """Nested values as JSON has them; the common plain ones cost nothing."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
