"""The reference: each address of an OpenAPI document as Markdown, with an example of its use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from generations.api import schema
from generations.catalogue.products.checking import TASK
from generations.compat.kling import openapi as kling
from generations.compat.llmprovider import openapi as llmprovider
from generations.compat.openai import openapi as openai
from generations.compat.segmind import openapi as segmind
from kling_saas.api.openapi import BASE, JSON, Schema
from kling_saas.web.docs import examples, types

_DIALECTS: dict[str, Callable[[str], Schema]] = {
    "kling": kling.document,
    "segmind": segmind.document,
    "llmprovider": llmprovider.document,
    "openai": openai.document,
}
_METHODS = ("get", "post", "put", "patch", "delete")
_TASKS = (
    f"With `{TASK}` in place of `model` it is one of the [other products](/docs/tasks): speech, "
    "lip-sync, effects and more, each with fields of its own. With a `model`:"
)
_NO_EXAMPLE = f"{BASE}/uploads/incoming/"  # where to send a file is the answer of another call


@dataclass(frozen=True, slots=True)
class Group:
    """Operations on one page: by the first word of their path, or a whole dialect's."""

    slug: str
    title: str
    summary: str
    words: tuple[str, ...] = ()


GROUPS = (
    Group("generations", "Generations", "Quotes, orders, batches.", ("quotes", "generations")),
    Group(
        "catalogue",
        "Catalogue",
        "Models, tasks, prices, voices, elements.",
        ("models", "tasks", "prices", "voices", "elements", "openapi.json", "schema"),
    ),
    Group("uploads", "Uploads", "Files that orders begin with.", ("uploads",)),
    Group("library", "Library", "Films, links, collections.", ("videos", "shares", "collections")),
    Group(
        "money",
        "Money",
        "Wallet, ledger, usage, vouchers.",
        ("wallet", "ledger", "ledger.csv", "usage", "vouchers"),
    ),
    Group("keys", "Keys and tokens", "Made, changed, ended.", ("keys", "access-keys", "tokens")),
    Group("webhooks", "Webhooks and events", "Endpoints, deliveries.", ("webhooks", "events")),
    Group("organisation", "Organisation and log", "Members, calls.", ("organisation", "requests")),
    Group("kling", "Kling’s dialect", "Every address of Kling’s that we answer."),
    Group("segmind", "Segmind’s dialect", "Every address of Segmind’s that we answer."),
    Group("llmprovider", "llmprovider’s dialect", "Every address of llmprovider’s."),
    Group("openai", "OpenAI’s dialect", "Every address of OpenAI’s that we answer."),
)
_GROUPS = {group.slug: group for group in GROUPS}


def markdown(slug: str, key: str) -> str:
    """The group's page; `key` stands in its examples."""
    group = _GROUPS[slug]
    if not group.words:
        return "\n\n".join(_dialect(slug, key))
    document = schema.document()
    place = _Place(document, key)
    parts: list[str] = []
    for path, item in document["paths"].items():
        if _word(path) in group.words:
            parts += _operations(place, path, item)
    return "\n\n".join(parts)


def _dialect(slug: str, key: str) -> Iterator[str]:
    document = _DIALECTS[slug](settings.SITE_URL)
    server, *others = (each["url"] for each in document["servers"])
    scheme = next(iter(document["components"]["securitySchemes"].values()))
    begins = f"{scheme['name']}: " if scheme["type"] == "apiKey" else "Authorization: Bearer "
    yield document["info"]["description"]
    named = f" They are at {', '.join(f'`{each}/…`' for each in others)} too." if others else ""
    yield (
        f"The addresses are below `{server}`. For programs whose host alone can be changed, the "
        "same paths, all but `/openapi.json`, are answered at the root of the site as well: "
        f"`{settings.SITE_URL}/v1/…`.{named} An id in an example stands for one of your own."
    )
    for path, item in document["paths"].items():
        yield from _operations(_Place(document, key, server, begins), path, item)


def _word(path: str) -> str:
    return path.removeprefix(f"{BASE}/").partition("/")[0]


@dataclass(frozen=True, slots=True)
class _Place:
    """The document that is told; of a dialect, below which `server`, and how keys are sent there.

    What a dialect takes is shown with curl: its own clients are shown by the pages of moving here.
    """

    document: Schema
    key: str
    server: str = ""
    key_begins: str = "Authorization: Bearer "


def _operations(place: _Place, path: str, item: Schema) -> Iterator[str]:
    for method in _METHODS:
        if method in item:
            yield from _operation(place, path, method, item)


def _operation(place: _Place, path: str, method: str, item: Schema) -> Iterator[str]:
    told = item[method]
    yield f"## {told['summary']} {{#{anchor(method, path)}}}"
    yield f"```http\n{method.upper()} {place.server}{path}\n```"
    if told.get("description"):
        yield told["description"]
    if not path.startswith(_NO_EXAMPLE):
        sent = _request(place, item, path, method)
        curl_alone = f"```bash\n{examples.curl(sent)}\n```"
        yield curl_alone if place.server else examples.in_every_language(sent)
    components = place.document["components"]["schemas"]
    parameters = [*item.get("parameters", ()), *told.get("parameters", ())]
    if parameters:
        yield types.table("Parameter", map(types.of_parameter, parameters))
    yield from _body(told, components)
    yield from _answers(told, components)


def anchor(method: str, path: str) -> str:
    """Where an operation is on its page."""
    words = path.removeprefix(BASE).strip("/").replace("{", "").replace("}", "")
    return f"{method}-{words.replace('/', '-').replace('.', '-').replace('|', '-')}"


def _body(told: Schema, components: Schema) -> Iterator[str]:
    content = told.get("requestBody", {}).get("content", {})
    if JSON in content:
        schema = content[JSON]["schema"]
        if types.several(schema, components, TASK):
            yield _TASKS
        rows = list(types.members(schema, components))
        if rows:
            yield types.table("Field", rows)
    elif content:
        kinds = ", ".join(f"`{kind}`" for kind in content)
        yield f"The body is one of {kinds}."


def _request(place: _Place, item: Schema, path: str, method: str) -> examples.Request:
    told = item[method]
    content = told.get("requestBody", {}).get("content", {})
    shown = content.get(JSON, {}).get("examples", {})
    for each in item.get("parameters", ()):
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", each["example"])
    return examples.Request(
        method=method.upper(),
        url=(place.server or settings.SITE_URL) + path,
        key=None if {} in told.get("security", ()) else place.key,
        body=next((each["value"] for each in shown.values()), None),
        sends_file=bool(content) and JSON not in content,
        redirects="302" in told["responses"],
        key_begins=place.key_begins,
    )


def _answers(told: Schema, components: Schema) -> Iterator[str]:
    good = {s: a for s, a in told["responses"].items() if s < "4"}
    bad = {s: a for s, a in told["responses"].items() if s >= "4"}
    for status, each in good.items():
        yield f"**{status}** {each.get('description', '')}"
        found: Any = each.get("content", {}).get(JSON, {}).get("schema")
        members = list(types.members(found, components)) if found else []
        if members:
            yield types.table("Member", members)
    if bad:
        listed = "\n".join(
            f"| {s} | {types.cell(a.get('description', ''))} |" for s, a in bad.items()
        )
        yield f"| Refused | When |\n|---|---|\n{listed}"
