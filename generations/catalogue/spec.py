"""The vocabulary in which one Kling model is described completely: a frozen `Spec`.

Forms, validation, schemas, documentation and prices are derived from these values and from
nothing else, so a new model is one more `Spec` in `families/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from generations.catalogue.params import SHOTS_MAX, Kind

Audio = Literal["none", "native", "voice"]
CfgRule = Literal["yes", "resellers", "no"]

ASPECT_RATIOS = ("16:9", "9:16", "1:1")
CAMERA_TYPES = (
    "simple",
    "down_back",
    "forward_up",
    "right_turn_forward",
    "left_turn_forward",
)
CAMERA_AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
CAMERA_LIMIT = 10
SHOT_TYPES = ("customize", "intelligence")
KIND_WORDS: dict[Kind, str] = {"text2video": "text-to-video", "image2video": "image-to-video"}
FRAME_SIZES = {
    "720p": {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (960, 960)},
    "1080p": {"16:9": (1920, 1080), "9:16": (1080, 1920), "1:1": (1440, 1440)},
    "4k": {"16:9": (3840, 2160), "9:16": (2160, 3840), "1:1": (2160, 2160)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The variants in which a capability exists. An empty tuple means all that the spec has."""

    kinds: tuple[Kind, ...] = ()
    modes: tuple[str, ...] = ()
    durations: tuple[int, ...] = ()

    def covers(self, kind: Kind, mode: str, duration: int) -> bool:
        """Whether the capability exists in this variant."""
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.modes or mode in self.modes)
            and (not self.durations or duration in self.durations)
        )

    def words(self) -> str:
        """The variants in words, `std 5 s text-to-video`; empty when it is all of them."""
        parts = [" or ".join(self.modes)]
        if self.durations:
            parts.append(" or ".join(str(seconds) for seconds in self.durations) + " s")
        parts.append(" or ".join(KIND_WORDS[kind] for kind in self.kinds))
        return " ".join(part for part in parts if part)


EVERYWHERE = Where()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A quality the customer may choose; `resolution` is `720p`, `1080p` or `4k`."""

    name: str
    title: str
    resolution: str

    @property
    def lines(self) -> str:
        """The height of its pictures, as people compare it."""
        return "2160p" if self.resolution == "4k" else self.resolution


STD_720 = Mode(name="std", title="Standard", resolution="720p")
PRO_720 = Mode(name="pro", title="Professional", resolution="720p")
PRO_1080 = Mode(name="pro", title="Professional", resolution="1080p")
ULTRA_4K = Mode(name="4k", title="4K", resolution="4k")


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Camera control: where it exists and which types of move."""

    where: Where
    types: tuple[str, ...] = CAMERA_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFrame:
    """The last frame as an image. `tail_only`: allowed without a first frame."""

    where: Where
    tail_only: bool = False
    silent_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Native sound: where it exists; `always` when it cannot be switched off."""

    where: Where
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """A capability that takes a list, with its longest length."""

    where: Where
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """Multi-shot films: at most `most` shots, each prompt at most `prompt_max` characters."""

    where: Where = EVERYWHERE
    most: int = SHOTS_MAX
    prompt_max: int = 512


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """Kling's official price of one variant in video units (1 unit lists at $0.14).

    `seconds` is the clip's length where clips are sold whole, None where `units` is per second.
    """

    mode: str
    audio: Audio
    seconds: int | None
    units: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One Kling model. `eta_text` and `eta_image` are seconds, a prior until we have measured.

    `cfg_scale` is "resellers" where Kling's own API has none but a reseller's page for the same
    model takes it. `discontinued` models stay sellable while an enabled account serves them.
    """

    name: str
    title: str
    description: str
    kinds: tuple[Kind, ...]
    modes: tuple[Mode, ...]
    durations: tuple[int, ...]
    prices: tuple[UnitPrice, ...]
    eta_text: int
    eta_image: int
    fps_text: int
    fps_image: int
    discontinued: bool = False
    aspect_ratios: tuple[str, ...] = ASPECT_RATIOS
    prompt_max: int = 2500
    negative_prompt: bool = True
    cfg_scale: CfgRule = "no"
    sound: Sound | None = None
    voices: Several | None = None
    elements: Several | None = None
    camera: Camera | None = None
    end_frame: EndFrame | None = None
    masks: Where | None = None
    shots: Shots | None = None

    @property
    def mode_names(self) -> tuple[str, ...]:
        """The modes' names, the default first."""
        return tuple(mode.name for mode in self.modes)

    @property
    def default_mode(self) -> str:
        return self.modes[0].name

    @property
    def default_duration(self) -> int:
        return 5

    def eta(self, kind: Kind) -> int:
        """Seconds a film takes by the averages the vendors publish."""
        return self.eta_text if kind == "text2video" else self.eta_image

    def fps(self, kind: Kind) -> int:
        """Frames per second of the delivered film."""
        return self.fps_text if kind == "text2video" else self.fps_image

    def frame_size(self, mode: str, aspect_ratio: str | None) -> tuple[int, int]:
        """Width and height in pixels; without a ratio (the image decides) those of 16:9."""
        resolution = next(m.resolution for m in self.modes if m.name == mode)
        return FRAME_SIZES[resolution][aspect_ratio or "16:9"]
