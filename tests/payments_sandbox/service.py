"""A payments sandbox of one's own: a process, asked by the SDK, killed without warning."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import stripe

from tests.serving import Quiet, serving
from tests.waiting import until

KEY = "sk_test_0123456789abcdef"
SECRET = "whsec_of_the_environment"
PAYS = "4242424242424242"
HERE = "http://127.0.0.1:1"  # a merchant that nobody follows a redirect to


class Service:
    """One that runs at `url` and takes `key`, asked as a merchant and as a customer do."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self.url, self.key = url, key
        self.v1 = self.client().v1
        self.http = httpx.Client(base_url=url, timeout=60)

    def client(self, key: str = "", retries: int = 0) -> stripe.StripeClient:
        """The official SDK, told where this sandbox is."""
        return stripe.StripeClient(
            key or self.key, base_addresses={"api": self.url}, max_network_retries=retries
        )

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """One of the sandbox's own controls."""
        answer = self.http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def advance(self, **how: float) -> None:
        """Move the clock: days=31 or to=…."""
        self.control("advance", **how)

    def audit(self) -> dict[str, Any]:
        """What there is, counted."""
        return dict(self.http.get("/_sandbox/audit").json())

    def pay(self, url: str, number: str = PAYS, **fields: str) -> httpx.Response:
        """Fill in a hosted page and send it."""
        form = {
            "number": number, "expiry": "12 / 34", "cvc": "123", "name": "Ada Byron",
            "email": "ada@example.org", "country": "US", **fields,
        }  # fmt: skip
        return self.http.post(url, data=form)

    def bank(self, answer: httpx.Response, say: str) -> httpx.Response:
        """Say `complete` or `fail` on the bank's page that an answer leads to."""
        assert answer.status_code == 303, answer.text
        page = self.http.get(answer.headers["location"])
        assert "Your bank asks" in page.text
        return self.http.post(answer.headers["location"], data={"answer": say})

    def session(self, mode: str = "payment", **params: Any) -> stripe.checkout.Session:
        """A checkout session; `amount` makes the line of a payment."""
        if mode == "payment" and "line_items" not in params:
            data = {"currency": "usd", "unit_amount": params.pop("amount", 1000),
                    "product_data": {"name": "Credits"}}  # fmt: skip
            params["line_items"] = [{"price_data": data, "quantity": 1}]
        success = f"{HERE}/done?session={{CHECKOUT_SESSION_ID}}"
        wanted = {"mode": mode, "success_url": success, "cancel_url": f"{HERE}/back", **params}
        return self.v1.checkout.sessions.create(wanted)

    def customer(self, card: str | None = None, **params: Any) -> stripe.Customer:
        """A customer, with a card of that token to be charged while they are away."""
        made = self.v1.customers.create({"email": "ada@example.org", "name": "Ada", **params})
        if card:
            method = self.v1.payment_methods.attach(card, {"customer": made.id})
            usual = {"default_payment_method": method.id}
            made = self.v1.customers.update(made.id, {"invoice_settings": usual})
        return made

    def price(self, amount: int, interval: str | None = "month", name: str = "Plan") -> str:
        """The id of a new price of a new product."""
        product = self.v1.products.create({"name": name})
        params: dict[str, Any] = {"currency": "usd", "unit_amount": amount, "product": product.id}
        if interval:
            params["recurring"] = {"interval": interval}
        return self.v1.prices.create(params).id

    def subscribe(
        self, customer: stripe.Customer, price: str, **params: Any
    ) -> stripe.Subscription:
        """A subscription by the API, paid with the customer's usual card."""
        wanted = {"customer": customer.id, "items": [{"price": price}], **params}
        return self.v1.subscriptions.create(wanted)

    def events(self, about: str, *also: str) -> list[str]:
        """The types of the events about these objects, oldest first.

        Read as JSON: the SDK takes its time with each object in each event.
        """
        names, kinds, born, after = {about, *also}, [], 0, {}
        while True:
            params = {"limit": 100, **after}
            page = self.http.get("/v1/events", params=params, auth=(self.key, "")).json()
            for event in page["data"]:
                thing = event["data"]["object"]
                if thing.get("id") in names:
                    kinds.append(event["type"])
                    born = thing["created"]
            if not page["has_more"] or page["data"][-1]["created"] < born:
                return kinds[::-1]
            after = {"starting_after": page["data"][-1]["id"]}


class Payments(Service):
    """A process of its own on a port of its own; `data` outlives it."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        super().__init__(f"http://127.0.0.1:{self.port}")
        self._environment = environment
        self.start()

    def start(self) -> None:
        """Start and wait until it answers."""
        # Whatever the product beside these tests told its own sandbox is not for this one.
        given = {name: value for name, value in os.environ.items() if "PAYMENTS_" not in name}
        environment = {**given, "PAYMENTS_RETRY_SECONDS": "0.05", **self._environment}
        command = [sys.executable, "-m", "billing.sandbox"]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port), "--data", str(self.data)], env=environment
        )
        until(lambda: self.http.get("/healthz").status_code == 200, what="the payments sandbox")

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """As an operator does."""
        self._process.terminate()
        self._process.wait(timeout=60)
        self.http.close()


class Listener:
    """Receives events as a merchant does: raw body and signature, and answers as told."""

    def __init__(self) -> None:
        received: list[tuple[bytes, str]] = []
        listener = self

        class Handler(Quiet):
            def post(self) -> None:
                received.append((self.body(), self.headers["Stripe-Signature"]))
                self.answer(listener.status)

        handler: type[BaseHTTPRequestHandler] = Handler
        self.status = 200
        self.received = received
        self._open = ExitStack()
        self.url = self._open.enter_context(serving(handler)) + "/hook"

    def events(self, secret: str) -> list[stripe.Event]:
        """What came, proven by the SDK. Raises SignatureVerificationError."""
        return [
            stripe.Webhook.construct_event(body, signature, secret)
            for body, signature in self.received
        ]

    def close(self) -> None:
        """Receive no more."""
        self._open.close()


def unknown_fields(value: Any, path: str = "") -> list[str]:
    """The fields of an answer that the SDK's typed classes do not know."""
    if isinstance(value, list):
        return [found for one in value for found in unknown_fields(one, path)]
    if not isinstance(value, stripe.StripeObject) or type(value) is stripe.StripeObject:
        return []
    known = {"object"} | {
        name for cls in type(value).__mro__ for name in getattr(cls, "__annotations__", {})
    }
    typed = bool(known - {"OBJECT_NAME", "object"}) and "Untyped" not in type(value).__name__
    here = f"{path}<{type(value).__name__}>"
    names = list(value.to_dict())
    found = [f"{here}.{name}" for name in names if typed and name not in known]
    for name in names:
        found += unknown_fields(value[name], f"{here}.{name}")
    return found
