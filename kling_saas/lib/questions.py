"""Idempotent GETs at configured hosts, thousands at a time.

aiohttp itself: httpx's own pool slows down with every open connection, and httpx around aiohttp's
takes three times the processor time of the exchange. Never for creates: aiohttp sends a GET again
when a kept connection turns out to be closed. For the watcher alone: it adds an eighth to a start.
"""

from __future__ import annotations

from typing import Self

import aiohttp
import httpx
from django.conf import settings

from kling_saas.lib import http

_CONNECTIONS = 200
_OF_LEASE = 0.5  # in which a question is over


class Questioner:
    """Asks while its block lasts; sends no cookies, follows no redirects."""

    async def __aenter__(self) -> Self:
        """Open, with as many connections as will be needed."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=http.trusted()),
            headers=http.AGENT,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=settings.LEASE_SECONDS * _OF_LEASE,
                sock_connect=http.CONNECT,
                sock_read=settings.UPSTREAM_TIMEOUT,
            ),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self._session.close()

    async def ask(self, question: http.Question) -> http.Answer:
        """The whole answer. Raises as `http.call`, in the words of httpx."""
        try:
            async with self._session.get(
                question.address, headers=question.headers, allow_redirects=False
            ) as answer:
                return http.Answer(answer.status, answer.headers, await _read(answer))
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer came in time") from error
        except aiohttp.InvalidURL as error:
            raise httpx.InvalidURL("this is not an address") from error
        except aiohttp.ClientConnectorError as error:
            raise httpx.ConnectError("nobody answers there") from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError("the connection broke off") from error


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > http.ANSWER_MAX:
            answer.close()
            raise http.AnswerTooLarge(f"an answer of more than {http.ANSWER_MAX} bytes")
    return bytes(content)
