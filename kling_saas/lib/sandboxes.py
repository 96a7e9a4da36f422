"""What every sandbox is: a process that stands in for a vendor, says so, and can drop a call."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

MARK = {"x-sandbox": "true"}
S = TypeVar("S")


class BadSetting(ValueError):
    """A setting that makes no sense; the text names it and says what it must be."""


def number(environ: Mapping[str, str], name: str, usual: float, *, above: float) -> float:
    """A variable that must be a number above a bound. Raises BadSetting."""
    text = environ.get(name)
    if text is None:
        return usual
    try:
        value = float(text)
    except ValueError:
        value = above
    if not above < value < float("inf"):
        raise BadSetting(f"{name} must be a number above {above:g}, not {text!r}")
    return value


class _Transport(Protocol):
    def abort(self) -> None: ...


def keep_in_reach(scope: Scope, send: Send) -> None:
    """Keep uvicorn's own transport within the handlers' reach; asked by the outermost layer."""
    scope.setdefault("state", {})["transport"] = cast(Any, send).__self__.transport


class HangUp(Response):
    """No answer: the connection is gone, as when a cable is cut. Needs `keep_in_reach`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Drop the connection and wait until uvicorn has noticed."""
        cast(_Transport, scope["state"]["transport"]).abort()
        await gone(receive)


async def gone(receive: Receive) -> None:
    """Wait until the connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass


def main(
    name: str, about: str, *, port: int, data: str, read: Callable[..., S],
    build: Callable[[S], ASGIApp],
) -> int:  # fmt: skip
    """Run `python -m NAME` until it is told to stop; exit status 2 for a setting without sense.

    `port` and `data` are the usual ones. `read` makes the settings of the environment, `data`,
    `host` and `port`, `build` the application.
    """
    import uvicorn

    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--data", type=Path, default=Path(data))
    asked = parser.parse_args()
    try:
        found = read(os.environ, data=asked.data, host=asked.host, port=asked.port)
    except BadSetting as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 2
    uvicorn.run(
        build(found),
        host=asked.host,
        port=asked.port,
        http="h11",
        log_level=os.environ.get("SANDBOX_LOG", "warning"),
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    return 0
