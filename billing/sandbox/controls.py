"""The sandbox's own controls: the clock, the weather, the bank's verdicts, the audit."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billing.sandbox import charges, clock, disputes, telling
from billing.sandbox.api import Api
from billing.sandbox.errors import Refused, invalid
from billing.sandbox.views import render
from kling_saas.lib.sandboxes import MARK

WORDS = {
    "POST /_sandbox/advance": '{"days": 31} or {"to": unix}: move the clock, do what is due',
    "POST /_sandbox/weather": '{"duplicate": 0.2, "drop": 0.2, "shuffle": 5, "busy": 0.1, '
    '"lost": 0.1, "hold": false, "seed": 1}: what goes wrong; {} ends it',
    "POST /_sandbox/disputes": '{"payment_intent": "pi_…"}: the bank takes the payment back',
    "POST /_sandbox/disputes/<id>": '{"outcome": "won"} or {"outcome": "lost"}',
    "POST /_sandbox/events/<id>/resend": "tell an event once more",
    "GET /_sandbox/audit": "what there is, counted",
}
Act = Callable[[Api, Request, Any], dict[str, Any]]


def routes() -> list[Route]:
    """The controls' addresses."""
    return [
        Route("/_sandbox/advance", _control(_advance), methods=["POST"]),
        Route("/_sandbox/weather", _control(_weather), methods=["GET", "POST"]),
        Route("/_sandbox/disputes", _control(_open_dispute), methods=["POST"]),
        Route("/_sandbox/disputes/{name}", _control(_dispute), methods=["POST"]),
        Route("/_sandbox/events/{name}/resend", _control(_resend), methods=["POST"]),
        Route("/_sandbox/audit", _control(_audit), methods=["GET"]),
    ]


def _control(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        api = cast(Api, request.app.state.api)
        try:
            text = await request.body()
            body = act(api, request, json.loads(text) if text else {})
        except ValueError:
            refusal = invalid("The body must be JSON.")
            return JSONResponse(refusal.body(), refusal.status, headers=MARK)
        except Refused as refused:
            return JSONResponse(refused.body(), refused.status, headers=MARK)
        return JSONResponse({"sandbox": True, **body}, headers=MARK)

    return serve


def _advance(api: Api, request: Request, given: Any) -> dict[str, Any]:
    done = clock.advance(api.desk, clock.wanted(api.desk, given))
    return {"now": api.desk.now(), "done": done}


def _weather(api: Api, request: Request, given: Any) -> dict[str, Any]:
    if request.method == "GET":
        return api.desk.weather.now()
    with api.desk.store.transaction():
        return api.desk.weather.set(given)


def _dispute(api: Api, request: Request, given: Any) -> dict[str, Any]:
    outcome = given.get("outcome") if isinstance(given, dict) else None
    if outcome not in ("won", "lost"):
        raise invalid("Invalid outcome: must be one of won, or lost", "outcome")
    with api.desk.store.transaction():
        dispute = api.desk.get("dispute", request.path_params["name"], in_path=True)
        return render(api.desk, disputes.decide(api.desk, dispute, outcome))


def _open_dispute(api: Api, request: Request, given: Any) -> dict[str, Any]:
    with api.desk.store.transaction():
        charge = charges.of_request(api.desk, given if isinstance(given, dict) else {})
        return render(api.desk, disputes.open_dispute(api.desk, charge, "fraudulent"))


def _resend(api: Api, request: Request, given: Any) -> dict[str, Any]:
    with api.desk.store.transaction():
        return render(api.desk, telling.resend(api.desk, request.path_params["name"]))


def _audit(api: Api, request: Request, given: Any) -> dict[str, Any]:
    """Counts, and the money: charged, refunded, and what the balance comes to."""
    store = api.desk.store
    charged = store.total("charge", "amount", ("status", "=", "succeeded"))
    return {
        "now": api.desk.now(),
        "objects": store.counts("objects", "object"),
        "events": store.events_by_type(),
        "deliveries": store.counts("deliveries", "state"),
        "weather": api.desk.weather.now(),
        "struck": api.desk.weather.struck(),
        "held": len(api.held),
        "replays": api.replays,
        "money": {
            "charged": charged,
            "refunded": store.total("refund", "amount"),
            "fees": store.total("balance_transaction", "fee"),
            "net": store.total("balance_transaction", "net"),
        },
    }
