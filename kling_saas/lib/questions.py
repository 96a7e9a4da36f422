"""Idempotent GETs at configured hosts, thousands at a time.

aiohttp itself: httpx's own pool slows down with every open connection, and httpx around aiohttp's
takes three times the processor time of the exchange. Never for creates, whose errors must tell for
certain what was not sent. For the watcher alone: it adds an eighth to a start.
"""

from __future__ import annotations

from typing import Self

import aiohttp
import httpx
from django.conf import settings
from yarl import URL

from kling_saas.lib import http

_OF_LEASE = 0.5  # in which a question is over


class Questioner:
    """Asks while its block lasts; sends no cookies, follows no redirects."""

    async def __aenter__(self) -> Self:
        """Open. How many ask one host at once is for the caller."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=http.trusted()),
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
        """The whole answer. Raises httpx.HTTPError, httpx.InvalidURL."""
        try:
            # As it is written: a comma in a task's id stays one id's.
            address = URL(question.address, encoded=question.address.isascii())
            async with self._session.get(
                address, headers=question.headers, allow_redirects=False
            ) as answer:
                return http.Answer(answer.status, answer.headers, await _read(answer))
        except httpx.HTTPError:
            raise
        except Exception as error:  # of aiohttp, yarl or Python; a question costs nothing
            raise _in_words_of_httpx(error) from error


def _in_words_of_httpx(error: Exception) -> Exception:
    """aiohttp raises many sorts of errors, of its own and of Python's."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout("no connection in time")
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("no answer came in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx.ConnectError("nobody answers there")
    if isinstance(error, aiohttp.NonHttpUrlClientError):
        return httpx.UnsupportedProtocol("addresses begin with https://")
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):
        return httpx.InvalidURL("this is not an address")
    if isinstance(error, aiohttp.ClientError | OSError):
        return httpx.ReadError("the connection broke off")
    return httpx.LocalProtocolError(f"it cannot be asked: {type(error).__name__}")


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > http.ANSWER_MAX:
            answer.close()
            raise http.AnswerTooLarge(f"an answer of more than {http.ANSWER_MAX} bytes")
    return bytes(content)
