"""The endpoints about events: reading them, and who is told of them."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from billing.sandbox.desk import DAY, Desk
from billing.sandbox.errors import invalid
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.store import Doc, Test
from billing.sandbox.views import listed
from kling_saas.lib.ids import random_base62

EVENT_LIST = listing(type=str, types=[str], delivery_success=bool)
ENDPOINT_CREATE = shape(
    "url", "enabled_events", url=str, enabled_events=[str], description=str, metadata=MAP,
    api_version=str,
)  # fmt: skip
ENDPOINT_UPDATE = shape(url=str, enabled_events=[str], description=str, metadata=MAP, disabled=bool)
ENDPOINT_LIST = listing()
_KEPT_DAYS = 30


def list_events(desk: Desk, params: Doc) -> Doc:
    """GET /v1/events, back to 30 days. `delivery_success=false`: not taken by all yet."""
    if params.get("type") and params.get("types"):
        raise invalid("You may only specify one of these parameters: type, types.", "type")
    tests: list[Test] = [("created", ">=", desk.now() - _KEPT_DAYS * DAY)]
    if params.get("type"):
        tests.append(("type", "GLOB", params["type"]))
    if params.get("types"):
        if len(params["types"]) > 20:
            raise invalid("At most 20 types.", "types")
        tests.append(("type", "IN", params["types"]))
    wanted = params.get("delivery_success")
    if wanted is not None:
        tests.append(("@undelivered", "=" if wanted else ">", 0))
    return listed(desk, "event", params, tests, url="/v1/events")


def retrieve_event(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/events/:id."""
    event = desk.get("event", name, in_path=True)
    if event["created"] < desk.now() - _KEPT_DAYS * DAY:
        return desk.get("event", None, in_path=True)
    return event


def resend(desk: Desk, name: str) -> Doc:
    """POST /_sandbox/events/:id/resend: owe it to every endpoint once more, at once."""
    event = desk.get("event", name, in_path=True)
    for endpoint in desk.endpoints():
        desk.store.owe(name, endpoint["id"], time.time())
    return event


def create_endpoint(desk: Desk, params: Doc) -> Doc:
    """POST /v1/webhook_endpoints: the only answer that has the secret."""
    _check_url(params["url"])
    secret = f"whsec_{random_base62(32)}"
    endpoint = desk.new(
        "webhook_endpoint", api_version=params.get("api_version"), application=None,
        description=params.get("description"), enabled_events=params["enabled_events"],
        metadata=merged(None, params.get("metadata")), status="enabled", url=params["url"],
        _secret=secret,
    )  # fmt: skip
    desk.store.put(endpoint)
    return {**endpoint, "secret": secret}


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url",
                      "url_invalid")  # fmt: skip


def update_endpoint(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/webhook_endpoints/:id."""
    endpoint = desk.get("webhook_endpoint", name, in_path=True)
    if params.get("url"):
        _check_url(params["url"])
    for field in ("url", "enabled_events", "description"):
        endpoint[field] = params.get(field, endpoint[field])
    endpoint["metadata"] = merged(endpoint["metadata"], params.get("metadata"))
    if params.get("disabled") is not None:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return desk.save(endpoint)


def delete_endpoint(desk: Desk, params: Doc, name: str) -> Doc:
    """DELETE /v1/webhook_endpoints/:id."""
    endpoint = desk.get("webhook_endpoint", name, in_path=True)
    desk.store.put({**endpoint, "deleted": True, "status": "disabled"})
    return {"id": name, "object": "webhook_endpoint", "deleted": True}


def retrieve_endpoint(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/webhook_endpoints/:id."""
    return desk.get("webhook_endpoint", name, in_path=True)


def list_endpoints(desk: Desk, params: Doc) -> Doc:
    """GET /v1/webhook_endpoints."""
    return listed(desk, "webhook_endpoint", params, url="/v1/webhook_endpoints")
