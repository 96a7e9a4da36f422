"""How a page of Segmind's is described: its parameters with their defaults, and what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generations.catalogue.params import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row of a page. `default` None: nothing is filled in when the client leaves it out."""

    name: str
    native: str
    required: bool = False
    default: object = None
    allowed: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slug:
    """One page. `variants` maps the value of `selector` to (model, mode); "" is the only one.

    `title` is the page's heading; `recorded` means that its parameters are known word for word.
    """

    name: str
    title: str
    kinds: tuple[Kind, ...]
    variants: Mapping[str, tuple[str, str]]
    parameters: tuple[Parameter, ...]
    selector: str = ""
    recorded: bool = False
    tail_variants: tuple[str, ...] = ()
    by_native: Mapping[str, Parameter] = field(init=False)

    def __post_init__(self) -> None:
        named = {parameter.native: parameter for parameter in self.parameters}
        object.__setattr__(self, "by_native", named)
