"""The studio's form: what was typed, kept as typed, and the native order it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from generations import uploads
from generations.catalogue import capabilities, registry
from generations.catalogue.newcomers import FIRST_MODEL
from generations.catalogue.params import Kind, Params
from generations.catalogue.spec import Spec
from generations.errors import InvalidRequest

LENGTHS = tuple(sorted({seconds for spec in registry.SPECS for seconds in spec.durations}))
MODE_WORDS = (
    ("std", gettext_lazy("Standard")),
    ("pro", gettext_lazy("Pro")),
    ("4k", gettext_lazy("4K")),
)
COPIES = (1, 2, 3, 4)
_FRAMES = ("image", "image_tail")
_TEXTS = (
    "model",
    "prompt",
    "negative_prompt",
    "mode",
    "duration",
    "aspect_ratio",
    "cfg_scale",
    "image",
    "image_tail",
    "camera",
    "camera_axis",
    "camera_value",
    "voices",
    "seed",
    "copies",
)


@dataclass(slots=True)
class Order:
    """Every control's value as text, so that a refused order comes back as it was sent.

    `image` and `image_tail` are upload ids or addresses. `shots` are (prompt, seconds).
    """

    model: str = FIRST_MODEL
    prompt: str = ""
    negative_prompt: str = ""
    mode: str = ""
    duration: str = "5"
    aspect_ratio: str = "16:9"
    cfg_scale: str = "0.5"
    sound: bool = False
    image: str = ""
    image_tail: str = ""
    camera: str = ""
    camera_axis: str = "zoom"
    camera_value: str = "5"
    shots: list[tuple[str, str]] = field(default_factory=list)
    voices: str = ""
    elements: str = ""
    seed: str = ""
    copies: str = "1"

    @property
    def takes(self) -> int:
        """How many films are ordered at once."""
        return int(self.copies) if self.copies in map(str, COPIES) else 1

    @property
    def spec(self) -> Spec:
        """The chosen model's spec; the default one's when there is no such model."""
        return registry.resolve(self.model) or registry.get(FIRST_MODEL)

    @property
    def kind(self) -> Kind:
        return "image2video" if self.image or self.image_tail else "text2video"

    @property
    def seconds(self) -> int:
        """The length as far as it can be read, for showing only."""
        if self.shots:
            return sum(_seconds(s) or 0 for _prompt, s in self.shots)
        seconds = _seconds(self.duration)
        return 5 if seconds is None else seconds

    def has(self, capability: str) -> bool:
        """Whether the variant chosen has it."""
        mode = self.mode or self.spec.default_mode
        return capabilities.has(self.spec, capability, self.kind, mode, self.seconds)

    def fields(self) -> dict[str, Any]:
        """The order in native words. Defaults that the model lacks are left out, wishes are not:
        those are for the gate to refuse.
        """
        spec = self.spec
        order: dict[str, Any] = {"model": self.model, "prompt": self.prompt}
        for name in ("negative_prompt", "mode", "image", "image_tail"):
            if value := getattr(self, name):
                order[name] = value
        if self.kind == "text2video":
            order["aspect_ratio"] = self.aspect_ratio
        if spec.cfg_scale == "yes":
            order["cfg_scale"] = _number(self.cfg_scale)
        if self.sound or not (spec.sound and spec.sound.always):
            order["sound"] = self.sound
        if self.camera:
            order["camera_control"] = self._camera()
        if self.seed:
            order["seed"] = _number(self.seed)
        return order | self._ids() | self._length()

    def each_fields(self) -> list[dict[str, Any]]:
        """The order of each take; a seed makes the first one, its successors the others."""
        fields = self.fields()
        seed = fields.get("seed")
        if not isinstance(seed, int):
            return [fields] * self.takes
        return [{**fields, "seed": seed + nth} for nth in range(self.takes)]

    def _ids(self) -> dict[str, Any]:
        given = {name: getattr(self, name).replace(",", " ") for name in ("voices", "elements")}
        return {name: text.split() for name, text in given.items() if text.strip()}

    def _length(self) -> dict[str, Any]:
        if not self.shots:
            return {"duration": _number(self.duration)}
        return {"multi_prompt": [{"prompt": p, "duration": _number(s)} for p, s in self.shots]}

    def _camera(self) -> dict[str, Any]:
        if self.camera != "simple":
            return {"type": self.camera}
        return {"type": "simple", "config": {self.camera_axis: _number(self.camera_value)}}


def _seconds(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 4 else None


def _number(text: str) -> int | float | str:
    """The number a control says; what is none goes on as it is, to be refused by name."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def example(model: str = "", prompt: str = "") -> Order:
    """A filled-in order for a newcomer."""
    return Order(
        model=model if registry.resolve(model) else FIRST_MODEL,
        prompt=prompt
        or _(
            "A lighthouse in a storm at dusk, waves breaking against the rocks, "
            "slow push in, warm lamp light in cold rain"
        ),
    )


def kept(order: Order) -> dict[str, Any]:
    """What of an order a recipe keeps: all but its pictures, which may be gone by then."""
    return {name: value for name, value in asdict(order).items() if name not in _FRAMES}


def again(fields: Mapping[str, Any]) -> Order:
    """The order that was kept so; what a later version does not know is left out."""
    known = Order.__dataclass_fields__
    order = Order(**{name: value for name, value in fields.items() if name in known})
    order.shots = [(prompt, seconds) for prompt, seconds in order.shots]
    return order


def of(params: Params) -> Order:
    """The order that made a film, to be changed and ordered again."""
    order = Order()
    for name, value in asdict(params).items():
        if name in _TEXTS and value is not None:
            setattr(order, name, str(value))
    order.sound = params.sound
    order.voices, order.elements = " ".join(params.voices), " ".join(params.elements)
    order.shots = [(shot.prompt, str(shot.duration)) for shot in params.multi_prompt]
    if move := params.camera_control:
        order.camera = move.type
        order.camera_axis = move.axis or order.camera_axis
        order.camera_value = f"{move.value:g}" if move.value is not None else order.camera_value
    return order


def read(post: QueryDict) -> Order:
    """What was typed and chosen. Images that were sent along come by `take_frames`."""
    order = Order()
    for name in _TEXTS:
        setattr(order, name, post.get(name, "").strip())
    order.elements = post.get("element_ids", "").strip()  # `elements` is a form's own property
    # Browsers count a line break as one character and send two.
    order.prompt = post.get("prompt", "").replace("\r\n", "\n").strip()
    order.duration = order.duration or "5"
    order.cfg_scale = order.cfg_scale or "0.5"
    order.sound = post.get("sound") == "on"
    if post.get("shots") == "on":
        order.shots = _shots(post.getlist("shot_prompt"), post.getlist("shot_duration"))
    for name in _FRAMES:
        if post.get(f"{name}_remove"):
            setattr(order, name, "")
    return order


def take_frames(
    order: Order, files: MultiValueDict[str, UploadedFile[bytes]], actor: Actor
) -> None:
    """Store the images sent, good ones beside bad ones. Raises InvalidRequest, Unavailable."""
    wrong: list[dict[str, Any]] = []
    for name in _FRAMES:
        if sent := files.get(f"{name}_file"):
            try:
                raw = uploads.read(sent, field=name)
                setattr(order, name, uploads.store(actor, raw, field=name).public_id)
            except InvalidRequest as refusal:
                wrong += refusal.violations
    if wrong:
        raise InvalidRequest.all(wrong)


def _shots(prompts: Iterable[str], seconds: Iterable[str]) -> list[tuple[str, str]]:
    """The shots that say anything."""
    pairs = zip(prompts, seconds, strict=False)
    return [(p.replace("\r\n", "\n").strip(), s.strip()) for p, s in pairs if p.strip()]
