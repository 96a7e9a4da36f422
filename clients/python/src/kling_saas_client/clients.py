"""The two clients, which have the same parts and methods."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic
from urllib.parse import urlsplit

import httpx

from kling_saas_client.api import Api
from kling_saas_client.binding import Async, Bound, K, Sync, operation
from kling_saas_client.drivers import AsyncDriver, SyncDriver
from kling_saas_client.errors import NoAddress, NoKey
from kling_saas_client.exchange import Settings
from kling_saas_client.generations import Generations
from kling_saas_client.resources.catalogue import Models, Prices, Tasks
from kling_saas_client.resources.keys import Keys, Tokens
from kling_saas_client.resources.library import Videos
from kling_saas_client.resources.money import Ledger, Usages, Wallets
from kling_saas_client.resources.quotes import Quotes
from kling_saas_client.resources.telling import Events, Webhooks
from kling_saas_client.resources.uploads import Uploads
from kling_saas_client.steps import Driver, Flow

if TYPE_CHECKING:
    from typing import Self

TIMEOUT = 60.0  # seconds for one try
RETRIES = 4
_NO_CONTENT = 204
# Whoever waits holds a connection: with a limit, many waits would keep orders from being sent.
_CONNECTIONS = httpx.Limits(max_connections=None, max_keepalive_connections=100)


class _Parts(Bound[K], Generic[K]):
    def __init__(self, api: Api) -> None:
        self.bound_to = api
        self.quotes: Quotes[K] = Quotes(api)
        self.generations: Generations[K] = Generations(api)
        self.models: Models[K] = Models(api)
        self.tasks: Tasks[K] = Tasks(api)
        self.prices: Prices[K] = Prices(api)
        self.uploads: Uploads[K] = Uploads(api)
        self.videos: Videos[K] = Videos(api)
        self.wallet: Wallets[K] = Wallets(api)
        self.ledger: Ledger[K] = Ledger(api)
        self.usage: Usages[K] = Usages(api)
        self.keys: Keys[K] = Keys(api)
        self.tokens: Tokens[K] = Tokens(api)
        self.webhooks: Webhooks[K] = Webhooks(api)
        self.events: Events[K] = Events(api)

    @operation
    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        query: dict[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[Any]:
        """The JSON that any address below /api/v1 answers, such as `/collections`; None for 204."""
        api = self.bound_to
        request = api.request(method, path, body=body, query=query, once=idempotency_key)
        answer = yield from api.send(request)
        return None if answer.status == _NO_CONTENT else api.told(answer)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.bound_to.settings.site!r})"


class Client(_Parts[Sync]):
    """Blocks; threads may share one. Ends with `close`, or with its `with`.

    `api_key` and `base_url`, the site's address, are KLING_SAAS_API_KEY and KLING_SAAS_BASE_URL of
    the environment where they are not given. `timeout` is of one try, in seconds. `http` is an
    httpx.Client of your own, for proxies and the like.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = TIMEOUT,
        max_retries: int = RETRIES,
        http: httpx.Client | None = None,
    ) -> None:
        settings = _settings(api_key, base_url, timeout, max_retries)
        self._http = http or httpx.Client(limits=_CONNECTIONS)
        driver: Driver = SyncDriver(self._http)
        super().__init__(Api(settings, driver))

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ending: object) -> None:
        self.close()


class AsyncClient(_Parts[Async]):
    """The same in an event loop of asyncio: every method is awaited, every list `async for`."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = TIMEOUT,
        max_retries: int = RETRIES,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        settings = _settings(api_key, base_url, timeout, max_retries)
        self._http = http or httpx.AsyncClient(limits=_CONNECTIONS)
        driver: Driver = AsyncDriver(self._http)
        super().__init__(Api(settings, driver))

    async def close(self) -> None:
        """End its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *ending: object) -> None:
        await self.close()


def _settings(key: str | None, address: str | None, timeout: float, retries: int) -> Settings:
    key = (key or os.environ.get("KLING_SAAS_API_KEY") or "").strip()
    address = (address or os.environ.get("KLING_SAAS_BASE_URL") or "").strip()
    if not _is_address(address):
        raise NoAddress("give the site's address as base_url, or as KLING_SAAS_BASE_URL: https://…")
    site = address.rstrip("/").removesuffix("/api/v1")
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise NoKey("give a key as api_key, or as KLING_SAAS_API_KEY: ksk_live_… or …_test_…", site)
    return Settings(site, key, timeout, retries)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
