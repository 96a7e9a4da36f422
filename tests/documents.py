"""What the product says of itself in OpenAPI, and the things that its examples speak of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from generations.catalogue import samples

DIALECTS = ("kling", "segmind", "llmprovider", "openai")
METHODS = ("get", "post", "put", "patch", "delete")
_ENDS = re.compile("delete|clear", re.IGNORECASE)
_STANDS_FOR = re.compile(r"gen_of_([a-z0-9-]+)")


def document(site: str, dialect: str) -> dict[str, Any]:
    """As the product serves it."""
    answer = requests.get(f"{site}/{dialect}/openapi.json", timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@dataclass(frozen=True)
class Operation:
    """One method of one address, with the parameters of both."""

    path: str
    method: str
    told: dict[str, Any]
    parameters: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def address(self) -> str:
        """The path with its examples filled in."""
        path = self.path
        for each in self.parameters:
            if each["in"] == "path":
                path = path.replace(f"{{{each['name']}}}", str(each["example"]))
        return path

    @property
    def query(self) -> dict[str, str]:
        """What must be asked for, by its examples."""
        needed = [p for p in self.parameters if p["in"] == "query" and p.get("required")]
        return {each["name"]: each["example"] for each in needed}

    @property
    def bodies(self) -> Iterator[tuple[str, Any]]:
        """The examples of its body by media type; one without a body has the example None."""
        content = self.told.get("requestBody", {}).get("content", {})
        for kind, each in content.items():
            for example in each.get("examples", {"": {"value": None}}).values():
                yield kind, example["value"]
        if not content:
            yield "", None


def operations(document: dict[str, Any]) -> list[Operation]:
    """All of them; what takes things away comes last."""
    found = [
        Operation(path, method, item[method],
                  (*item.get("parameters", ()), *item[method].get("parameters", ())))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]  # fmt: skip
    return sorted(found, key=lambda each: bool(_ENDS.search(str(each))))


def untold(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> Iterator[str]:
    """Members of an answer that the document's schema has not; an object without any is free."""
    while "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for each in value:
            yield from untold(each, schema.get("items", {}), whole)
    several = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if several:
        missing = [set(untold(value, one, whole)) for one in several]
        yield from set.intersection(*missing)
    elif isinstance(value, dict) and (members := schema.get("properties")):
        for name, each in value.items():
            told = members.get(name, schema.get("additionalProperties"))
            if told is None:
                yield name
            elif isinstance(told, dict):
                yield from (f"{name}.{rest}" for rest in untold(each, told, whole))


class Made:
    """The things that examples name, ordered by the samples when they are first spoken of."""

    def __init__(self, site: str, key: str) -> None:
        self._orders = f"{site}/api/v1/generations"
        self._headers = {"Authorization": f"Bearer {key}", "Prefer": "wait=60"}
        self._ids: dict[str, str] = {}

    def real(self, told: Any) -> Any:
        """The example with ids of what is there, in place of those that stand for it."""
        text = _STANDS_FOR.sub(lambda found: self.one(found[1]), json.dumps(told))
        return json.loads(text)

    def one(self, kind: str) -> str:
        """The id of a generation of this kind that has succeeded."""
        if kind not in self._ids:
            order = self.real(samples.order(kind))
            answer = requests.post(self._orders, json=order, headers=self._headers, timeout=90)
            made = answer.json()
            assert made.get("status") == "succeeded", (kind, made)
            self._ids[kind] = str(made["id"])
        return self._ids[kind]
