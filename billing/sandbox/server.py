"""The sandbox as one web application: Stripe's API, the hosted pages, and its own controls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from billing.sandbox import clock, controls, pages
from billing.sandbox.api import Api
from billing.sandbox.deliveries import Deliveries
from billing.sandbox.desk import Desk
from billing.sandbox.endpoints import ENDPOINTS, Endpoint
from billing.sandbox.settings import Settings
from billing.sandbox.store import Store
from kling_saas.lib.sandboxes import MARK, keep_in_reach

_TICK_SECONDS = 1.0
_log = logging.getLogger(__name__)
Handler = Callable[[Request], Awaitable[Response]]
_ABOUT = {
    "sandbox": True,
    "about": "This is the payments sandbox of Kling SaaS. It stands in for Stripe: it answers "
    "Stripe's API for test cards, and no money moves.",
    "api": "/v1/…, with a key that begins with sk_test_",
    "cards": "4242 4242 4242 4242 pays; Stripe's other test cards do what Stripe documents",
    "controls": controls.WORDS,
}


class Wire:
    """The outermost layer: lets a handler reach the connection, in order to drop it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, keeping uvicorn's own transport within the handlers' reach."""
        if scope["type"] == "http":
            keep_in_reach(scope, send)
        await self._app(scope, receive, send)


def build(settings: Settings) -> ASGIApp:
    """The application, ready to be served."""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        store = Store(settings.data / "payments.sqlite3")
        desk = Desk(settings, store)
        app.state.api = Api(desk)
        tasks = [asyncio.create_task(Deliveries(desk).watch()), asyncio.create_task(_tick(desk))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            store.close()

    routes = [
        Route("/", _about),
        Route("/healthz", _health),
        *controls.routes(),
        *pages.routes(),
        *(Route(end.path, _serve(end), methods=[end.method]) for end in ENDPOINTS),
        Route("/v1/{rest:path}", _serve(None), methods=["GET", "POST", "DELETE", "PUT", "PATCH"]),
    ]
    return Wire(Starlette(routes=routes, lifespan=life))


async def _tick(desk: Desk) -> None:
    """Time goes by of itself, too."""
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        try:
            clock.advance(desk, desk.now())
        except Exception:  # noqa: BLE001 - the next tick tries again
            _log.exception("what is due could not be done")


def _serve(endpoint: Endpoint | None) -> Handler:
    async def serve(request: Request) -> Response:
        return await cast(Api, request.app.state.api).serve(request, endpoint)

    return serve


async def _about(request: Request) -> Response:
    return JSONResponse(_ABOUT, headers=MARK)


async def _health(request: Request) -> Response:
    return JSONResponse({"ok": True, "sandbox": True}, headers=MARK)
