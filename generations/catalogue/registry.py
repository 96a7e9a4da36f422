"""The list of every Kling model we know, and how a name a customer writes finds its spec."""

from __future__ import annotations

from generations.catalogue.families.v1 import KLING_V1, KLING_V1_5, KLING_V1_6
from generations.catalogue.families.v2 import (
    KLING_V2_1,
    KLING_V2_1_MASTER,
    KLING_V2_5_TURBO,
    KLING_V2_6,
    KLING_V2_MASTER,
)
from generations.catalogue.families.v3 import KLING_3_0_TURBO, KLING_V3
from generations.catalogue.spec import Spec

SPECS: tuple[Spec, ...] = (
    KLING_V1,
    KLING_V1_5,
    KLING_V1_6,
    KLING_V2_MASTER,
    KLING_V2_1,
    KLING_V2_1_MASTER,
    KLING_V2_5_TURBO,
    KLING_V2_6,
    KLING_V3,
    KLING_3_0_TURBO,
)

ALIASES = {
    "kling-video-v1": "kling-v1",
    "kling-video-v1-5": "kling-v1-5",
    "kling-video-v1-6": "kling-v1-6",
    "kling-2.5-turbo": "kling-v2-5-turbo",
    "kling-2.6": "kling-v2-6",
    "kling-3.0": "kling-v3",
    "kling-3.0-omni": "kling-v3-omni",
    "kling-o1": "kling-video-o1",
}
"""What customers write for official names, also of models that only other products run on."""

_BY_NAME = {spec.name: spec for spec in SPECS}


class UnknownModel(KeyError):
    """No Kling model of this name is in the catalogue."""


def get(name: str) -> Spec:
    """The spec of exactly this official name. Raises UnknownModel."""
    if name not in _BY_NAME:
        raise UnknownModel(name)
    return _BY_NAME[name]


def resolve(name: str) -> Spec | None:
    """The spec a customer means by this name, official or alias; None when there is none."""
    return _BY_NAME.get(ALIASES.get(name, name))
