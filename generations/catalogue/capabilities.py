"""What a model can and cannot do, said in one sentence that names who can.

Refusals, the studio's greyed-out controls and the capability table all take their words here.
"""

from __future__ import annotations

from generations.catalogue.params import Kind
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import EVERYWHERE, KIND_WORDS, Spec, Where

CAPABILITIES = {
    "negative_prompt": "negative prompt",
    "cfg_scale": "cfg_scale",
    "sound": "sound",
    "voices": "voices",
    "image_tail": "end frame",
    "camera_control": "camera control",
    "masks": "motion brush",
    "multi_prompt": "multi-shot",
    "elements": "elements",
}


def where(spec: Spec, capability: str) -> Where | None:
    """The variants of `spec` that have the capability; None when none has."""
    if capability == "negative_prompt":
        return EVERYWHERE if spec.negative_prompt else None
    if capability == "cfg_scale":
        return EVERYWHERE if spec.cfg_scale == "yes" else None
    if capability == "masks":
        return spec.masks
    rules = {
        "sound": spec.sound,
        "voices": spec.voices,
        "image_tail": spec.end_frame,
        "camera_control": spec.camera,
        "multi_prompt": spec.shots,
        "elements": spec.elements,
    }
    rule = rules[capability]
    return rule.where if rule else None


def has(spec: Spec, capability: str, kind: Kind, mode: str, duration: int) -> bool:
    """Whether this exact variant has the capability."""
    found = where(spec, capability)
    return found is not None and found.covers(kind, mode, duration)


def _variant(spec: Spec, found: Where) -> str:
    return f"{spec.name} {found.words()}".rstrip()


def who_has(capability: str, besides: Spec | None = None) -> str:
    """The models with the capability: `kling-v1 std 5 s text-to-video, kling-v1-5 pro …`."""
    having = [
        _variant(spec, found)
        for spec in SPECS
        if spec is not besides and (found := where(spec, capability)) is not None
    ]
    return ", ".join(having)


def lacking(spec: Spec, capability: str) -> str:
    """Why a control is off for this model, and who has it; empty when every variant has it."""
    found = where(spec, capability)
    words = CAPABILITIES[capability]
    if found is None:
        return f"{spec.name} has no {words}; available with {who_has(capability)}"
    if found.words():
        return f"{spec.name} has {words} only with {found.words()}"
    return ""


def lacking_kind(spec: Spec, kind: Kind) -> str:
    """Why this model cannot start from words alone, or from an image; empty when it can."""
    if kind in spec.kinds:
        return ""
    others = ", ".join(other.name for other in SPECS if kind in other.kinds)
    return f"{spec.name} has no {KIND_WORDS[kind]}; available with {others}"
