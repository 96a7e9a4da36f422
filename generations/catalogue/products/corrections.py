"""What an operator may correct about a field, and whether a correction makes sense."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_type_hints

from generations.catalogue.products.fields import Field
from generations.catalogue.reading import Reader
from generations.catalogue.violations import Findings

_PLACES = {"name", "key", "id_key", "inner"}  # what it is, and where: the codecs' to say


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _all(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(fits(item) for item in value)


_FITS: Mapping[Any, tuple[Callable[[Any], bool], str]] = {
    bool: (lambda value: isinstance(value, bool), "true or false"),
    int: (_is_whole, "a whole number"),
    float: (_is_number, "a number"),
    str: (_is_text, "a string"),
    tuple[str, ...]: (_all(_is_text), "a list of strings"),
    tuple[int, ...]: (_all(_is_whole), "a list of whole numbers"),
    Any: (lambda value: True, "a value that the field takes"),  # `default`: read below
}


def corrected(field: Field, told: Any) -> Field:
    """The field with other limits. Raises ValueError for what it cannot have."""
    if not isinstance(told, Mapping):
        raise ValueError(f"{field.name} must be an object of limits")
    kinds = {name: kind for name, kind in get_type_hints(type(field)).items() if kind in _FITS}
    for name, value in told.items():
        if name not in kinds or name in _PLACES:
            raise ValueError(f"{field.name} has no {name} that can be corrected")
        fits, wanted = _FITS[kinds[name]]
        if not fits(value) or (name == "allowed" and not value):
            raise ValueError(f"{name} of {field.name} must be {wanted}")
    lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    changed = replace(field, **{**told, **lists})
    _check_span(changed)
    _check_default(changed)
    return changed


def _check_span(field: Field) -> None:
    low, high = getattr(field, "low", 0), getattr(field, "high", 0)
    try:
        fits = Decimal(str(low)) <= Decimal(str(high)) and math.isfinite(float(high))
    except (ArithmeticError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"{field.name} cannot be from {low} to {high}")


def _check_default(field: Field) -> None:
    if field.default is None:
        return
    findings = Findings(lenient=False)
    field.read(Reader(findings, {field.name: field.default}))
    if findings.violations:
        raise ValueError(f"the default: {findings.violations[0].message}")
