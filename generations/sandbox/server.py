"""The sandbox as one web application: all vendors side by side, each below its own prefix."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from generations.sandbox import faults, films, kling, kling_standard, llmprovider, segmind
from generations.sandbox.callbacks import Callbacks
from generations.sandbox.settings import Settings
from generations.sandbox.store import Store
from generations.sandbox.studio import Studio
from generations.sandbox.vendor import Vendor
from generations.sandbox.web import VENDORS, Wire, vendor_of
from kling_saas.lib.sandboxes import MARK

_ABOUT = (
    "This is the sandbox of Kling SaaS. It stands in for Kling, Segmind and llmprovider, draws "
    "its own films and charges nothing. Write these words anywhere in a prompt:"
)


def build(settings: Settings) -> ASGIApp:
    """The application, ready to be served."""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        store = Store(settings.data / "sandbox.sqlite3", repeats=settings.duplicates)
        studio = Studio(settings, store)
        vendor = app.state.vendor = Vendor(settings, store, studio)
        studio.open()
        telling = asyncio.create_task(Callbacks(vendor).watch())
        try:
            yield
        finally:
            telling.cancel()
            studio.close()
            store.close()

    pages = [
        Route("/", _faults),
        Route("/faults", _faults),
        Route("/healthz", _health),
        Route("/_audit", _audit),
        Route("/_calm", _calm, methods=["POST"]),
        *films.routes(),
    ]
    kling_routes = [
        *kling.routes(),
        *kling_standard.routes(),
        Route("/{rest:path}", kling.unknown, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    vendors = [
        Mount(prefix, routes=routes)
        for prefix, routes in zip(
            VENDORS, (kling_routes, segmind.routes(), llmprovider.routes()), strict=True
        )
    ]
    app = Starlette(routes=[*pages, *vendors], lifespan=life)
    return Wire(app)


async def _faults(request: Request) -> Response:
    """The magic words, as JSON for programs that ask for it, else as text."""
    if "json" in request.headers.get("accept", ""):
        return JSONResponse(
            {"sandbox": True, "about": _ABOUT, "words": dict(faults.WORDS)}, headers=MARK
        )
    width = max(len(word) for word in faults.WORDS)
    lines = [f"  {word:<{width}}  {meaning}" for word, meaning in faults.WORDS.items()]
    return PlainTextResponse("\n".join([_ABOUT, "", *lines, ""]), headers=MARK)


async def _health(request: Request) -> Response:
    return JSONResponse({"ok": True, "sandbox": True}, headers=MARK)


async def _calm(request: Request) -> Response:
    """End the bad weather, for campaigns."""
    vendor_of(request).weather.end()
    return JSONResponse({"ok": True, "sandbox": True}, headers=MARK)


async def _audit(request: Request) -> Response:
    """How often each create was asked for and how many tasks it made, for campaigns."""
    store = vendor_of(request).store
    creates = store.audit()
    body = {
        "sandbox": True,
        "tasks": sum(row["created"] for row in creates),
        "weather": store.weather(),
        "repeated": [row for row in creates if row["created"] > 1],
        "creates": creates,
    }
    return JSONResponse(body, headers=MARK)
