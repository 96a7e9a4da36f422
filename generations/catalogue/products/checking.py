"""The gate for orders of products: untrusted fields in, `Params` or every violation at once.

What depends on a film that the order names (model, mode, length) is filled in by `complete`, when
whoever calls knows the film.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generations.catalogue.draft import SEED_MAX, SEED_ONLY
from generations.catalogue.params import NAMES, Params
from generations.catalogue.products.fields import Field, missing
from generations.catalogue.products.product import Product, films, written
from generations.catalogue.products.sources import Source
from generations.catalogue.reading import Reader
from generations.catalogue.registry import ALIASES
from generations.catalogue.violations import Findings, InvalidRequest

TASK = "task"


def read(
    product: Product, fields: Mapping[str, object], findings: Findings, *, sandbox: bool
) -> Params:
    """The order as far as its own fields tell; it counts only if nothing was refused."""
    reader = Reader(findings, fields)
    chosen = ["model"] if product.chooses_model else []
    reader.only([TASK, *chosen, "seed", *(field.name for field in product.fields)])
    model = _model(product, reader)
    given: dict[str, Any] = {}
    for field in product.fields:
        value = field.read(reader)
        if value is not None and not _has(product, field, model, given, findings):
            continue
        if value is None and field.required:
            missing(reader, field)
        value = field.default if value is None else value
        if value is not None:
            given[field.name] = value
    given["model"] = model
    for rule in product.rules:
        rule(given, findings)
    del given["model"]
    if (seed := reader.whole("seed")) is not None:
        given["seed"] = seed
        _seed(findings, seed, sandbox)
    return _params(product, model, given)


def _params(product: Product, model: str, given: dict[str, Any]) -> Params:
    own = {name: value for name, value in given.items() if name in NAMES}
    own = {name: tuple(value) if isinstance(value, list) else value for name, value in own.items()}
    own.setdefault("duration", 0)
    own.setdefault("mode", product.modes[0] if product.modes else "std")
    inputs = {name: value for name, value in given.items() if name not in NAMES}
    return Params(task=product.name, model=model, inputs=inputs, **own)


def _model(product: Product, reader: Reader) -> str:
    if not product.chooses_model:
        return product.own_model
    word = reader.text("model", 100)
    word = ALIASES.get(word, word) if word else word
    if word is None or word in product.models:
        return word or product.own_model
    names = ", ".join(product.models)
    reader.findings.refuse(
        "model",
        "not_allowed",
        f"of {product.name} must be {names.replace(', ', ' or ')}",
        limit=names,
        way_out=f"send {product.own_model}",
    )
    return product.own_model


def _has(
    product: Product, field: Field, model: str, given: Mapping[str, Any], findings: Findings
) -> bool:
    """Whether the variant has the field. Lenient: what it lacks is dropped with a warning."""
    limits = ((field.models, model), (field.modes, given.get("mode")))
    for allowed, chosen in limits:
        if not allowed or chosen in allowed:
            continue
        only = " or ".join(allowed)
        if findings.lenient:
            findings.warn(f"{field.name} was dropped: {product.name} has it only with {only}.")
        else:
            findings.refuse(
                field.name,
                "unsupported",
                f"of {product.name} exists only with {only}",
                limit=only,
                way_out="leave it out",
            )
        return False
    return True


def _seed(findings: Findings, seed: int, sandbox: bool) -> None:
    if not sandbox:
        findings.refuse(
            "seed",
            "unsupported",
            SEED_ONLY,
            limit="test keys and the sandbox",
            way_out="leave it out",
        )
    elif not 0 <= seed <= SEED_MAX:
        limit = f"0 to {SEED_MAX}"
        findings.refuse("seed", "out_of_range", f"must be {limit}", limit=limit, way_out="send one")


def complete(product: Product, params: Params, sources: Mapping[str, Source]) -> Params:
    """The order with what the films it names decide. `sources` by place, as `written` has it.

    Raises InvalidRequest for a film beyond its field's limits, or made by another model.
    """
    findings = Findings(lenient=False)
    for path, field, _ in films(product, params):
        source = sources.get(written(path))
        for problem, limit in field.beyond(source) if source else ():
            findings.refuse(
                written(path), "out_of_range", problem, limit=limit, way_out=f"send one of {limit}"
            )
    for rule in product.measured:
        rule(params, sources, findings)
    found = sources.get(product.inherits)
    if found:
        params = _inherited(product, params, found, findings)
    if findings.violations:
        raise InvalidRequest(tuple(findings.violations))
    return replace(
        params,
        duration=_length(product, params, sources),
        source_seconds=_longest(product, params, sources) if product.spans else 0,
    )


def _longest(product: Product, params: Params, sources: Mapping[str, Source]) -> float:
    named = (sources.get(written(path)) for path, _, _ in films(product, params))
    return round(max((film.seconds for film in named if film), default=0), 3)


def _inherited(product: Product, params: Params, found: Source, findings: Findings) -> Params:
    if found.model in product.models:
        return replace(params, model=found.model, mode=found.mode)
    names = ", ".join(product.models)
    findings.refuse(
        product.inherits,
        "unsupported",
        f"was made by {found.model or 'another upstream'}",
        limit=names,
        way_out=f"send a film made by {names}",
    )
    return params


def _length(product: Product, params: Params, sources: Mapping[str, Source]) -> int:
    if product.length and (told := product.length(params, sources)) is not None:
        return told
    followed = sources.get(product.follows)
    if followed is None:
        return params.duration
    # A film of "5 s" is 5.04 s long: that is not a sixth second.
    return max(1, math.ceil(followed.seconds - 0.1)) + product.adds
