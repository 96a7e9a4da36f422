"""What every rule of the sandbox works with: the objects, the clock, the ids, the events."""

from __future__ import annotations

import time
from typing import Any

from billing.sandbox.errors import missing
from billing.sandbox.settings import Settings
from billing.sandbox.store import Doc, Store
from billing.sandbox.weather import Weather
from kling_saas.lib.ids import random_base62

API_VERSION = "2026-10-28.endive"
DAY = 24 * 3600
_PREFIX = {
    "customer": "cus", "payment_method": "pm", "product": "prod", "price": "price",
    "promotion_code": "promo", "checkout.session": "cs_test", "payment_intent": "pi",
    "setup_intent": "seti", "charge": "ch", "balance_transaction": "txn", "refund": "re",
    "dispute": "du", "subscription": "sub", "subscription_item": "si", "invoice": "in",
    "line_item": "il", "item": "li", "event": "evt", "webhook_endpoint": "we", "tax_id": "txi",
    "discount": "di", "billing_portal.session": "bps", "billing_portal.configuration": "bpc",
    "radar.early_fraud_warning": "issfr", "invoice_payment": "inpay", "invoiceitem": "ii",
    "credit_note": "cn", "credit_note_line_item": "cnli",
    "coupon": "",
}  # fmt: skip


def public(value: Any) -> Any:
    """What is answered of an object: all but the sandbox's own fields."""
    if isinstance(value, dict):
        return {key: public(inner) for key, inner in value.items() if not key.startswith("_")}
    if isinstance(value, list):
        return [public(inner) for inner in value]
    return value


class Desk:
    """One for the process. `request_id` and `idempotency_key` are of the request being served."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.weather = Weather(store)
        self.request_id: str | None = None
        self.idempotency_key: str | None = None
        self._still_at: int | None = None

    def now(self) -> int:
        """The sandbox's time, Unix seconds: the machine's, and by how much it was advanced."""
        if self._still_at is not None:
            return self._still_at
        return int(time.time()) + int(self.store.fact("ahead", 0))

    def stand_at(self, moment: int | None) -> None:
        """The clock stands at that moment while things due then are done; None: it goes on."""
        self._still_at = moment

    def set_clock(self, moment: int) -> None:
        """From now on it is that time."""
        self.store.note("ahead", moment - int(time.time()))

    def new(self, kind: str, /, **fields: Any) -> Doc:
        """An object of a kind, not stored yet."""
        prefix = _PREFIX[kind]
        name = f"{prefix}_{random_base62(24)}" if prefix else random_base62(8)
        return {"id": name, "object": kind, "created": self.now(), "livemode": False, **fields}

    def get(self, kind: str, name: str | None, param: str = "id", *, in_path: bool = False) -> Doc:
        """The object of that kind and id. Raises Refused when there is none, or it was deleted."""
        found = self.store.get(name) if name else None
        if found is None or found["object"] != kind or found.get("deleted"):
            raise missing(kind.replace(".", " "), name or "", param, in_path=in_path)
        return found

    def save(self, doc: Doc, event: str | None = None) -> Doc:
        """Write the object, and make the event; of an `….updated` only if something changed."""
        before = self.store.get(doc["id"])
        self.store.put(doc)
        if event is None:
            return doc
        if event.endswith(".updated") and before is not None:
            previous = _changes(public(before), public(doc))
            if previous:
                self.emit(event, doc, previous)
        else:
            self.emit(event, doc)
        return doc

    def emit(self, kind: str, doc: Doc, previous: Doc | None = None) -> Doc:
        """Make an event of an object as it is now, and owe it to the endpoints that listen."""
        data: Doc = {"object": public(doc)}
        if previous is not None:
            data["previous_attributes"] = previous
        listeners = [end for end in self.endpoints() if _listens(end, kind)]
        event = self.new(
            "event",
            api_version=API_VERSION,
            data=data,
            pending_webhooks=len(listeners),
            request={"id": self.request_id, "idempotency_key": self.idempotency_key},
            type=kind,
        )
        self.store.put(event)
        for endpoint in listeners:
            self._owe(event["id"], endpoint["id"])
        return event

    def endpoints(self) -> list[Doc]:
        """Who wants to be told: those that were created, and the one of the environment."""
        found = self.store.find("webhook_endpoint", ("status", "=", "enabled"))
        if self.settings.webhook_url:
            found.insert(0, self.configured_endpoint())
        return found

    def configured_endpoint(self) -> Doc:
        """The endpoint that the environment names."""
        return {
            "id": "we_configured",
            "url": self.settings.webhook_url,
            "enabled_events": ["*"],
            "_secret": self.settings.webhook_secret,
        }

    def _owe(self, event: str, endpoint: str) -> None:
        due = time.time() + self.weather.delay()
        if self.weather.strikes("drop"):
            self.store.owe(event, endpoint, due, "dropped")
            return
        self.store.owe(event, endpoint, due)
        if self.weather.strikes("duplicate"):
            self.store.owe(event, endpoint, due + self.weather.delay())


def _listens(endpoint: Doc, kind: str) -> bool:
    return any(wanted in ("*", kind) for wanted in endpoint["enabled_events"])


def _changes(before: Doc, after: Doc) -> Doc:
    """The old values of what differs; of objects within, only what differs there."""
    found: Doc = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found[key] = _changes(old, new)
        else:
            found[key] = old
    return found
