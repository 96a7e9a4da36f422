"""The one gate for create requests: untrusted fields in, normalised `Params` or every violation.

Website, native API and dialects all come through `check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generations.catalogue import draft as drafts
from generations.catalogue.params import SHOTS_MAX, Params
from generations.catalogue.products import checking
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS, running_on
from generations.catalogue.reading import Reader
from generations.catalogue.registry import SPECS, resolve
from generations.catalogue.rules import Rules
from generations.catalogue.spec import Spec
from generations.catalogue.violations import Findings, InvalidRequest, Violation, shown

__all__ = ["Checked", "InvalidRequest", "Violation", "check"]


@dataclass(frozen=True, slots=True)
class Checked:
    """An order that can be priced and made; `warnings` say what was changed or dropped."""

    params: Params
    warnings: tuple[str, ...]


def check(
    fields: Mapping[str, object],
    *,
    lenient: bool = False,
    max_shots: int = SHOTS_MAX,
    max_seconds: int = 15,
    sandbox: bool = False,
    products: Mapping[str, Product] = PRODUCTS,
) -> Checked:
    """Normalises native-word fields, or raises InvalidRequest with every violation.

    `lenient` is for the dialects: unknown fields are ignored, numbers may be strings, and what a
    model lacks is dropped or written into the prompt, with a warning. `max_shots` and
    `max_seconds` bound multi-shot films; `sandbox` allows `seed`. `task` orders one of `products`
    (what a film it names decides is still to be filled in). Nothing else is ever raised.
    """
    findings = Findings(lenient)
    if not isinstance(fields, Mapping):
        findings.refuse(
            "body",
            "wrong_type",
            f"must be a JSON object, not {shown(fields)}",
            limit="an object",
            way_out="send a JSON object",
        )
        raise InvalidRequest(tuple(findings.violations))
    if fields.get(checking.TASK) is not None:
        return _product_order(fields, findings, products, sandbox=sandbox)
    reader = Reader(findings, {n: value for n, value in fields.items() if n != checking.TASK})
    spec = _spec(reader.text("model", 100), findings)
    draft = drafts.read(reader, max_shots, spec.mode_names if spec else drafts.MODES)
    if spec is None:
        raise InvalidRequest(tuple(findings.violations))
    params = Rules(spec, draft, findings, max(max_seconds, max(spec.durations)), sandbox).apply()
    if findings.violations:
        raise InvalidRequest(tuple(findings.violations))
    return Checked(params, tuple(findings.warnings))


def _product_order(
    fields: Mapping[str, object],
    findings: Findings,
    products: Mapping[str, Product],
    *,
    sandbox: bool,
) -> Checked:
    name = Reader(findings, fields).choice(checking.TASK, list(products), {})
    params = None
    if name:
        params = checking.read(products[name], fields, findings, sandbox=sandbox)
    if findings.violations or params is None:
        raise InvalidRequest(tuple(findings.violations), params)
    return Checked(params, tuple(findings.warnings))


def _spec(model: str | None, findings: Findings) -> Spec | None:
    spec = resolve(model) if model else None
    others = running_on(model) if model else ()
    if spec is None and others:
        task = others[0].name
        findings.refuse(
            "model",
            "not_allowed",
            f"{shown(model)} makes no films of this kind, it is for {task}",
            limit=f"with task {task}",
            way_out=f'send "task": "{task}" with it (in Kling\'s API: POST {others[0].path})',
        )
    elif spec is None and not findings.refused("model"):
        names = ", ".join(known.name for known in SPECS if not known.discontinued)
        findings.refuse(
            "model",
            "not_allowed" if model else "required",
            f"{shown(model)} is not a model we have" if model else "is missing",
            limit=names,
            way_out=f"send one of {names}",
        )
    return spec
