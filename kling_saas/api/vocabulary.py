"""What members mean, said once and laid under the schemas that do not say it themselves.

A word is for every member of its name (`livemode`), or for one in a place: `KeyCap.left` is that
of one schema, `caps.day` that of every `caps`. The longest name that fits counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kling_saas.api.openapi import Schema

_INSIDE = ("items", "additionalProperties", "anyOf", "oneOf")
WORDS = {
    "object": "What kind of thing it is.",
    "livemode": "True in live mode, false in test mode.",
    "name": "What it is called.",
    "created_at": "When it was made, UTC.",
    "revoked_at": "When it was revoked, UTC; null unless it was.",
    "deleted": "Always true: it is gone.",
    "data": "The entries.",
    "has_more": "Whether there is another page.",
    "next": "What to give as `after` for the next page; null on the last.",
    "Violation.field": "What is wrong: a field or parameter, with the way to it where it is inside "
    "another: `retention.days`, `multi_prompt[0].prompt`.",
    "Violation.code": "What is wrong with it, for programs: `required`, `out_of_range` and others.",
    "Violation.message": "The same in words, with what helps.",
    "Problem.type": "The address of what the documentation says about `code`.",
    "Problem.title": "The code in words.",
    "Problem.status": "The HTTP status of such a refusal.",
    "Problem.code": "Why, for programs: it stays as it is, the words may change.",
    "Problem.detail": "Why, in words, and what helps.",
    "Problem.retryable": "Whether the same request may succeed later as it is.",
    "Problem.request_id": "The request in the log of calls, also in the header X-Request-Id.",
    "Problem.violations": "All that is wrong with the fields or parameters, at once; only where "
    "they are why.",
}


def described(schemas: Mapping[str, Schema], words: Mapping[str, str]) -> dict[str, Schema]:
    """The schemas by their names, with a description of each member that has none and a word."""
    return {name: _schema(schema, (name,), words) for name, schema in schemas.items()}


def _schema(schema: Schema, place: tuple[str, ...], words: Mapping[str, str]) -> Schema:
    whole = {name: _inside(schema[name], place, words) for name in _INSIDE if name in schema}
    if "properties" in schema:
        whole["properties"] = {
            name: _member(told, (*place, name), words)
            for name, told in schema["properties"].items()
        }
    return schema | whole


def _inside(told: Any, place: tuple[str, ...], words: Mapping[str, str]) -> Any:
    if isinstance(told, list):
        return [_schema(each, place, words) for each in told]
    return _schema(told, place, words) if isinstance(told, dict) else told


def _member(schema: Schema, place: tuple[str, ...], words: Mapping[str, str]) -> Schema:
    whole = _schema(schema, place, words)
    names = (".".join(place[start:]) for start in range(len(place)))
    found = next((words[name] for name in names if name in words), "")
    return {"description": found, **whole} if found else whole
