"""How long films usually take, for pages: the same figures as on the page of a job."""

from __future__ import annotations

from generations import waiting
from generations.catalogue.params import Kind, Params
from generations.catalogue.spec import Spec
from generations.models import Generation
from generations.waiting import Eta


def usual(spec: Spec, kind: Kind, mode: str, *, livemode: bool) -> Eta:
    """What making a film of this kind and quality takes, without any queue; seconds."""
    image = "an image" if kind == "image2video" else None
    params = Params(model=spec.name, mode=mode, image=image).to_json()
    return waiting.usual(Generation(model=spec.name, kind=kind, livemode=livemode, params=params))
