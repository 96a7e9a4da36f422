"""Rules between the fields of a product, made from the names they speak about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generations.catalogue.products.product import Given, Rule
from generations.catalogue.violations import Findings

_MARK = re.compile(r"(<<<(image|video|element)_([0-9]{1,4})>>>)", re.ASCII)


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
            superfluous(given, findings, name, " and ".join(others))

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


def marks(**lists: str) -> Rule:
    """What a prompt speaks of must be in the order: by the marks' word, the list that has it."""

    def rule(given: Given, findings: Findings) -> None:
        good = ((place, text) for place, text in _prompts(given) if not findings.refused(place))
        for place, prompt in list(good):
            for mark, kind, number in dict.fromkeys(_MARK.findall(prompt)):
                name = lists.get(kind)
                if name and not findings.refused(name):
                    _marked(findings, place, mark, int(number), name, len(given.get(name) or ()))

    return rule


def _prompts(given: Given) -> Iterator[tuple[str, str]]:
    yield "prompt", given.get("prompt") or ""
    for place, shot in enumerate(given.get("multi_prompt") or ()):
        yield f"multi_prompt[{place}].prompt", shot.prompt


def _marked(findings: Findings, place: str, mark: str, number: int, name: str, count: int) -> None:
    if 1 <= number <= count:
        return
    findings.refuse(
        place,
        "conflict",
        f"speaks of {mark}, and {name} has {count or 'nothing'}",
        limit=f"{count} in {name}",
        way_out=f"send it in {name}, or leave the mark out",
    )


def superfluous(given: Given, findings: Findings, name: str, only_with: str) -> None:
    """A field that has no meaning in this order. Lenient: dropped with a warning, else refused."""
    if findings.lenient:
        del given[name]
        findings.warn(f"{name} was dropped: it goes only with {only_with}.")
        return
    findings.refuse(
        name,
        "conflict",
        f"goes only with {only_with}",
        limit=f"with {only_with}",
        way_out=f"send {only_with} or leave {name} out",
    )


def conflict(findings: Findings, name: str, other: str, limit: str) -> None:
    """Refuses a field that does not go with another."""
    findings.refuse(
        name, "conflict", f"does not go with {other}", limit=limit, way_out=f"send {limit}"
    )
