"""What every resource asks with: requests of the native API, and lists page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from kling_saas_client.errors import BadSettings
from kling_saas_client.exchange import Settings, exchange, opened, told
from kling_saas_client.steps import Answer, Driver, Emit, Flow, Iteration, Request
from kling_saas_client.version import __version__

T = TypeVar("T")
PAGE = 100
KEY_MAX = 255  # characters of an Idempotency-Key
_AGENT = f"kling-saas-client/{__version__}"


class Api:
    """A client's settings, and the driver that carries steps out."""

    def __init__(self, settings: Settings, driver: Driver) -> None:
        self.settings, self.driver = settings, driver

    def trying_once(self) -> Api:
        """The same for a flow that tries again by itself."""
        return Api(replace(self.settings, max_retries=0), self.driver)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        once: str | None = None,
        repeatable: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """One request below /api/v1 with the key. `once` is its Idempotency-Key.

        Unless `repeatable` says otherwise, a POST is so only with such a key.
        """
        key = self.settings.api_key
        sent = {"Authorization": f"Bearer {key}", "User-Agent": _AGENT, **(headers or {})}
        content = None
        if body is not None:
            content = json.dumps(body, allow_nan=False, default=_plain).encode()
            sent["Content-Type"] = "application/json"
        if once is not None:
            sent["Idempotency-Key"] = _key(once)
        safe = method != "POST" or once is not None
        return Request(
            method,
            f"{self.settings.site}/api/v1{path}",
            safe if repeatable is None else repeatable,
            self.settings.timeout,
            sent,
            {name: _word(value) for name, value in (query or {}).items() if value is not None},
            content,
        )

    def foreign(self, method: str, url: str, headers: Mapping[str, str]) -> Request:
        """One to an address that proves itself, to which the key is never sent."""
        sent = {"User-Agent": _AGENT, **headers}
        return Request(method, url, True, self.settings.timeout, sent)

    def call(self, method: str, path: str, **more: Any) -> Flow[Any]:
        """The JSON that is answered. Raises APIError, ConnectionFailed, UnexpectedAnswer."""
        return self.told((yield from self.send(self.request(method, path, **more))))

    def told(self, answer: Answer) -> Any:
        """The JSON of an answer that must have some. Raises UnexpectedAnswer."""
        return told(self.settings, answer)

    def send(self, request: Request, *, hold: int = 0) -> Flow[Answer]:
        """Its answer. `hold`: the first try may be held by the server for so many seconds; a
        later one, after that was cut, is answered at once.
        """
        if not hold:
            return exchange(self.settings, request)
        held = replace(
            request,
            timeout=request.timeout + hold,
            headers={**request.headers, "Prefer": f"wait={hold}"},
        )
        return exchange(self.settings, held, request)

    def open(self, request: Request) -> Flow[Answer]:
        """The head of its answer, whose content is then read."""
        return opened(self.settings, request)

    def pages(
        self, path: str, read: Callable[[Any], T], query: Mapping[str, Any], size: int = PAGE
    ) -> Iteration[T]:
        """Every item of a list, asked for page by page as they are needed."""
        after = query.get("after")
        while True:
            page = yield from self.call(
                "GET", path, query={**query, "after": after, "limit": min(size, PAGE)}
            )
            for item in page["data"]:
                yield Emit(read(item))
            after = page["next"]
            if after is None:
                return


def segment(text: str) -> str:
    """An id or a name as one piece of a path."""
    return quote(text, safe="")


def given(**fields: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no order takes a {type(value).__name__}")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _key(text: str) -> str:
    if not 1 <= len(text) <= KEY_MAX or not text.isascii() or not text.isprintable():
        raise BadSettings(f"an idempotency_key has 1 to {KEY_MAX} printable ASCII characters")
    return text
