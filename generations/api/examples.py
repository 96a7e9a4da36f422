"""What makes the native document whole: names, examples that can be sent, and links between them.

An example speaks of things that must have been made before: an id here stands for one's own, and is
told where such ids come from.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from generations.catalogue import samples
from kling_saas.api.openapi import BASE, JSON, Schema, capitalised

_FILM = samples.order("text2video")
_FILE = base64.b64decode(samples.PICTURE)
_WEBHOOK = {"url": "https://example.com/webhooks", "events": ["generation.*"]}
_SINCE = "2026-11-01T00:00:00Z"
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /quotes": {"film": _FILM},
    "POST /generations": {kind: samples.order(kind) for kind in samples.ORDERS}
    | {"fails": {**_FILM, "prompt": "fail:moderation A fox"}, "priced": {**_FILM, "dry_run": True}},
    "POST /generations/batch": {"two": {"orders": [_FILM, {**_FILM, "mode": "pro"}]}},
    "POST /uploads/presign": {
        "picture": {
            "content_type": "image/png",
            "bytes": len(_FILE),
            "sha256": hashlib.sha256(_FILE).hexdigest(),
        }
    },
    "POST /videos/bulk": {"favourites": {"ids": [samples.FILM], "action": "favourite"}},
    "PATCH /videos/{id}": {"label": {"title": "The fox", "tags": ["snow"], "favourite": True}},
    "POST /videos/{id}/shares": {"week": {"expires_in": 7 * 24 * 3600}},
    "POST /collections": {"new": {"name": "Foxes"}},
    "PATCH /collections/{id}": {"rename": {"name": "Foxes in snow"}},
    "POST /wallet/refill": {"full": {}},
    "POST /vouchers": {"gift": {"code": "FOX-2026"}},
    "POST /keys": {"server": {"name": "Server", "scopes": ["generate", "read"]}},
    "PATCH /keys/{id}": {"cap": {"caps": {"day": 500}}},
    "POST /keys/{id}/rotate": {"hour": {"overlap": 3600}},
    "POST /access-keys": {"client": {"name": "Client of Kling's"}},
    "PATCH /access-keys/{id}": {"rename": {"name": "Old client"}},
    "POST /access-keys/{id}/rotate": {"hour": {"overlap": 3600}},
    "POST /tokens": {"hour": {"end_user": "visitor-17", "expires_in": 3600}},
    "POST /webhooks": {"films": _WEBHOOK},
    "PATCH /webhooks/{id}": {"all": {"events": ["*"]}},
    "POST /webhooks/{id}/rotate-secret": {"hour": {"overlap": 3600}},
    "POST /webhooks/{id}/test": {"now": {}},
    "POST /webhooks/{id}/resend": {"failed": {"since": _SINCE}},
    "POST /webhooks/{id}/deliveries/{delivery}/resend": {"now": {}},
    "POST /webhooks/signing-secret/rotate": {"hour": {"overlap": 3600}},
    "PATCH /organisation": {"rename": {"name": "Fox Films"}},
    "PATCH /organisation/members/{id}": {"promote": {"role": "admin"}},
    "POST /organisation/invitations": {"ann": {"email": "ann@example.com", "role": "creator"}},
}
"""Of each address that takes JSON, by name."""
MADE: Mapping[str, str] = {
    samples.FILM: "/generations",
    "quo_of_yours": "/quotes",
    "upl_of_yours": "/uploads",
    "announced_of_yours": "/uploads/presign",
    "shr_of_yours": "/videos/{id}/shares",
    "col_of_yours": "/collections",
    "key_of_yours": "/keys",
    "pair_of_yours": "/access-keys",
    "token_of_yours": "/tokens",
    "webhook_of_yours": "/webhooks",
    "delivery_of_yours": "/webhooks/{id}/test",
    "invitation_of_yours": "/organisation/invitations",
}
"""What stands for an id, and the address whose POST makes such a thing."""
LISTED: Mapping[str, str] = {
    "event_of_yours": "/events",
    "request_of_yours": "/requests",
    "member_of_yours": "/organisation/members",
}
"""What stands for an id that comes by itself, and the address that lists such things."""
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "/quotes/{id}": ("quo_of_yours",),
    "/generations/{id}": (samples.FILM,),
    "/models/{name}": (_FILM["model"],),
    "/tasks/{name}": ("tts",),
    "/voices/{id}": (samples.THINGS["voice"],),
    "/elements/{id}": (samples.THINGS["element"],),
    "/uploads/{id}/complete": ("announced_of_yours",),
    "/uploads/{id}": ("upl_of_yours",),
    "/uploads/incoming/{token}": ("incoming_of_yours",),
    "/events/{id}": ("event_of_yours",),
    "/videos/{id}": (samples.FILM,),
    "/shares/{id}": ("shr_of_yours",),
    "/collections/{id}/videos/{video}": ("col_of_yours", samples.FILM),
    "/collections/{id}": ("col_of_yours",),
    "/keys/{id}": ("key_of_yours",),
    "/access-keys/{id}": ("pair_of_yours",),
    "/tokens/{id}": ("token_of_yours",),
    "/webhooks/{id}/deliveries/{delivery}": ("webhook_of_yours", "delivery_of_yours"),
    "/webhooks/{id}": ("webhook_of_yours",),
    "/requests/{request_id}": ("request_of_yours",),
    "/organisation/members/{id}": ("member_of_yours",),
    "/organisation/invitations/{id}": ("invitation_of_yours",),
}
"""What the parameters of paths that begin so are, the longest beginning first."""
_SINGLE = re.compile(r"\{(\w+)\}")


def completed(paths: Schema) -> Schema:
    """The paths with a name for each operation, its examples, and links to what can follow."""
    return {path: _item(path, item, paths) for path, item in paths.items()}


def _item(path: str, item: Schema, paths: Schema) -> Schema:
    known = dict(_known(path))
    made: Schema = {}
    for method, told in item.items():
        if method == "parameters":
            made[method] = [
                {**each, "example": known[each["name"]]} if each["in"] == "path" else each
                for each in told
            ]
            continue
        named = {**told, "operationId": _name(method, path)}
        if "requestBody" in told:
            named["requestBody"] = _body(method, path, told["requestBody"])
        if method == "post" and (links := dict(_links(path, paths))):
            named["responses"] = _linked(told["responses"], links)
        made[method] = named
    return made


def _known(path: str) -> Iterator[tuple[str, str]]:
    """The path's parameters with their examples."""
    names = _SINGLE.findall(path)
    if names:
        short = path.removeprefix(BASE)
        begin = next(each for each in _PARAMETERS if short.startswith(each))
        yield from zip(names, _PARAMETERS[begin], strict=True)


def _name(method: str, path: str) -> str:
    """`getGenerationsById` for GET /generations/{id}."""
    words = _SINGLE.sub(lambda found: f"by-{found[1]}", path.removeprefix(BASE))
    return method + capitalised(re.split(r"[/._-]", words))


def _body(method: str, path: str, body: Schema) -> Schema:
    content = body["content"]
    if JSON not in content:
        return body
    named = BODIES[f"{method.upper()} {path.removeprefix(BASE)}"]
    examples = {name: {"value": value} for name, value in named.items()}
    return {**body, "content": {**content, JSON: {**content[JSON], "examples": examples}}}


def _links(made_at: str, paths: Schema) -> Iterator[tuple[str, Schema]]:
    """What can be done with what this address makes; things in things are not followed."""
    source = made_at.removeprefix(BASE)
    for path, item in paths.items():
        found = list(_known(path))
        if len(found) != 1 or MADE.get(found[0][1]) != source:
            continue
        for method in item:
            if method != "parameters":
                name = _name(method, path)
                id_of_it = {found[0][0]: "$response.body#/id"}
                yield name, {"operationId": name, "parameters": id_of_it}


def _linked(responses: Schema, links: Schema) -> Schema:
    return {
        status: {**told, "links": links} if status in ("201", "202") else told
        for status, told in responses.items()
    }
