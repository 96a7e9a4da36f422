"""Answering a request to the API: the key, the idempotency key, the parameters, the answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.sandbox import forms
from billing.sandbox.desk import API_VERSION, DAY, Desk
from billing.sandbox.endpoints import Endpoint
from billing.sandbox.errors import Refused, busy, invalid, unauthorized
from billing.sandbox.views import expanded_list, render
from kling_saas.lib.ids import random_base62
from kling_saas.lib.sandboxes import MARK, HangUp

_log = logging.getLogger(__name__)
_KEY_HOLD_SECONDS = 0.02
_LONGEST_KEY = 255
_KEPT_SECONDS = DAY
_EXPAND = forms.shape(expand=[str])


class Api:
    """Serves the endpoints. `held` are the idempotency keys whose first request is not done."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.held: set[str] = set()
        self.replays = 0

    async def serve(self, request: Request, endpoint: Endpoint | None) -> Response:
        """The answer, whatever was asked for; None: there is no such address."""
        headers = {"Request-Id": f"req_{random_base62(14)}", **MARK}
        headers["Stripe-Version"] = request.headers.get("stripe-version", API_VERSION)
        try:
            self._check_key(request)
            if self.desk.weather.strikes("busy"):
                raise busy()
            if endpoint is None:
                raise _unknown(request)
            given = await _given(request)
            status, body = await self._answer(request, endpoint, given, headers)
        except Refused as refusal:
            status, body = refusal.status, _text(refusal.body())
        except Exception:  # noqa: BLE001 - told as Stripe tells its own faults
            _log.exception("%s %s", request.method, request.url.path)
            fault = Refused(500, "api_error", "An unknown error occurred")
            status, body = fault.status, _text(fault.body())
        if status in (409, 429):
            headers["Stripe-Should-Retry"] = "true"
        if request.method == "POST" and status == 200 and self.desk.weather.strikes("lost"):
            return HangUp()
        return Response(body, status, headers, media_type="application/json")

    def _check_key(self, request: Request) -> None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                value = base64.b64decode(value).decode().partition(":")[0]
            except ValueError:
                value = ""
        if kind.lower() not in ("bearer", "basic") or not value:
            raise unauthorized(
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY')."
            )
        ours = self.desk.settings.secret_key
        if not value.startswith("sk_test_") or (ours and value != ours):
            raise unauthorized(f"Invalid API Key provided: {value[:8]}{'*' * 8}{value[-4:]}")

    async def _answer(
        self, request: Request, endpoint: Endpoint, given: dict[str, Any], headers: dict[str, str]
    ) -> tuple[int, str]:
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if not key:
            return self._work(request, endpoint, given, headers, None)
        if len(key) > _LONGEST_KEY:
            raise invalid(f"Idempotency keys are at most {_LONGEST_KEY} characters long.")
        headers["Idempotency-Key"] = key
        asked = json.dumps([request.url.path, _print(given)])
        kept = self._kept(key, request.url.path, asked)
        if kept is not None:
            headers["Idempotent-Replayed"] = "true"
            self.replays += 1
            return kept
        if key in self.held:
            raise _in_use(key)
        self.held.add(key)
        try:
            while self.desk.weather.now()["hold"]:
                await asyncio.sleep(_KEY_HOLD_SECONDS)
            return self._work(request, endpoint, given, headers, (key, asked))
        finally:
            self.held.discard(key)

    def _kept(self, key: str, path: str, asked: str) -> tuple[int, str] | None:
        """What was answered to the key before. Raises Refused when something else was asked."""
        self.desk.store.forget_replies(time.time() - _KEPT_SECONDS)
        row = self.desk.store.reply(key)
        if row is None:
            return None
        if row["asked"] == asked:
            return row["status"], row["body"]
        before = json.loads(row["asked"])[0]
        what = (
            f"for the same endpoint they were first used for ('{before}' vs '{path}')"
            if before != path
            else "with the same parameters they were first used with"
        )
        message = (
            f"Keys for idempotent requests can only be used {what}. Try using a key other than "
            f"'{key}' if you meant to execute a different request."
        )
        raise Refused(400, "idempotency_error", message)

    def _work(
        self, request: Request, endpoint: Endpoint, given: dict[str, Any],
        headers: dict[str, str], keep: tuple[str, str] | None,
    ) -> tuple[int, str]:  # fmt: skip
        """Do it, all or nothing; answer, events and the key's memory are one transaction.

        Parameters that do not pass are remembered for no key: Stripe had not begun.
        """
        desk = self.desk
        desk.request_id = headers["Request-Id"]
        desk.idempotency_key = keep[0] if keep else None
        expand = forms.check(_EXPAND, {k: v for k, v in given.items() if k == "expand"})
        params = forms.check(endpoint.form, {k: v for k, v in given.items() if k != "expand"})
        ids = [request.path_params[name] for name in ("a", "b") if name in request.path_params]
        try:
            with desk.store.transaction():
                status, body = self._run(endpoint, params, ids, expand.get("expand") or [])
                if keep is not None:
                    desk.store.keep_reply(keep[0], keep[1], status, body, time.time())
        except Refused as refusal:
            if refusal.started and keep is not None:
                text = _text(refusal.body())
                desk.store.keep_reply(keep[0], keep[1], refusal.status, text, time.time())
            raise
        finally:
            desk.request_id = desk.idempotency_key = None
        return status, body

    def _run(
        self, endpoint: Endpoint, params: dict[str, Any], ids: list[str], expand: list[str]
    ) -> tuple[int, str]:
        try:
            found = endpoint.act(self.desk, params, *ids)
        except Refused as refusal:
            if not refusal.keep:
                raise
            return refusal.status, _text(refusal.body())
        if found["object"] == "list":
            answer = expanded_list(self.desk, found, expand)
        elif found.get("deleted"):
            answer = found
        else:
            answer = render(self.desk, found, expand)
        return 200, _text(answer)


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


async def _given(request: Request) -> dict[str, Any]:
    """The parameters of the address and of the body."""
    pairs = list(request.query_params.multi_items())
    if request.method == "POST":
        kind = request.headers.get("content-type", "")
        body = await request.body()
        if body and not kind.startswith("application/x-www-form-urlencoded"):
            message = (
                "Invalid request (check that your POST content type is "
                "application/x-www-form-urlencoded)."
            )
            raise invalid(message)
        pairs += forms.pairs(body)
    return forms.decode(pairs)


def _print(given: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()


def _in_use(key: str) -> Refused:
    message = (
        "There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. Please "
        "try again later."
    )
    return Refused(409, "idempotency_error", message, code="idempotency_key_in_use")


def _unknown(request: Request) -> Refused:
    message = (
        f"Unrecognized request URL ({request.method}: {request.url.path}). Please see "
        "https://stripe.com/docs or we can help at https://support.stripe.com/."
    )
    return Refused(404, "invalid_request_error", message)
