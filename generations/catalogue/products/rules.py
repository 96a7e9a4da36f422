"""Rules between the fields of a product, made from the names they speak about."""

from __future__ import annotations

from generations.catalogue.products.product import Given, Rule
from generations.catalogue.violations import Findings


def exactly_one(*names: str) -> Rule:
    """One of these fields, and only one."""

    def rule(given: Given, findings: Findings) -> None:
        found = [name for name in names if given.get(name)]
        either = " or ".join(names)
        if not found and not any(findings.refused(name) for name in names):
            findings.refuse(
                names[0], "required", "is missing", limit=either, way_out=f"send {either}"
            )
        for name in found[1:]:
            conflict(findings, name, found[0], f"either {either}")

    return rule


def needs(name: str, *others: str) -> Rule:
    """A field that makes sense only beside all of the others."""

    def rule(given: Given, findings: Findings) -> None:
        absent = [other for other in others if not given.get(other)]
        if given.get(name) and absent:
            findings.refuse(
                name,
                "conflict",
                f"goes only with {' and '.join(others)}",
                limit=f"with {' and '.join(others)}",
                way_out=f"send {' and '.join(absent)} or leave {name} out",
            )

    return rule


def asks_for(name: str, other: str) -> Rule:
    """A field that cannot do without another."""

    def rule(given: Given, findings: Findings) -> None:
        if given.get(name) and not given.get(other) and not findings.refused(other):
            findings.refuse(
                other,
                "required",
                f"is missing, {name} needs it",
                limit=f"with {name}",
                way_out=f"send {other}",
            )

    return rule


def conflict(findings: Findings, name: str, other: str, limit: str) -> None:
    """Refuses a field that does not go with another."""
    findings.refuse(
        name, "conflict", f"does not go with {other}", limit=limit, way_out=f"send {limit}"
    )
