"""What goes wrong, in words that an agent can act on: code, field, way out."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from mcp.server.mcpserver.exceptions import ToolError

from kling_saas_client import errors

P = ParamSpec("P")
T = TypeVar("T")

# The first that fits. Where there is none, the API's own sentence has the way out.
_WAYS: tuple[tuple[type[errors.KlingError], str], ...] = (
    (
        errors.InsufficientCredits,
        "Make a cheaper film (quote tells prices), or the person buys credits on the site.",
    ),
    (
        errors.CapReached,
        "A spending cap of the key or of its organisation is reached. Only the person can raise "
        "it, on the site; do not try again before.",
    ),
    (
        errors.AuthenticationFailed,
        "The key of this server opens nothing. The person must give another as KLING_SAAS_API_KEY "
        "and start the server again.",
    ),
    (errors.PermissionDenied, "The key of this server may not do this; tell the person."),
    (errors.InvalidRequest, "Change what is named, and call again. list_models tells limits."),
    (errors.NotFound, "list_films and list_models tell what there is."),
    (errors.RateLimited, "Call again a little later."),
    (errors.ServerError, "The site has a fault. Call again in a minute."),
    (
        errors.UnexpectedAnswer,
        "The person must look at KLING_SAAS_BASE_URL of this server, and start it again.",
    ),
    (errors.ConnectionFailed, "The site was not reached. Call again in a minute."),
    (errors.DownloadFailed, "Nothing was saved. Call again."),
)


def refuse(code: str, why: str, way_out: str) -> ToolError:
    """An error of this server's own, in the same form."""
    return ToolError(f"{code}: {why}\nWay out: {way_out}")


def acting(tool: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """A tool whose errors of the client are told to the agent."""

    @functools.wraps(tool)
    async def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await tool(*args, **kwargs)
        except (errors.KlingError, OSError) as error:
            raise ToolError(words(error)) from error

    return told


def words(error: Exception) -> str:
    """Code and sentence, each thing that is wrong, and what to do."""
    if not isinstance(error, errors.APIError):
        lines = [f"{type(error).__name__}: {error}"]
    else:
        # With violations the sentence is all of theirs together.
        lines = [f"{error.code}: {'this is wrong:' if error.violations else error.detail}"]
        lines += [f"- {each.field}: {each.message} ({each.code})" for each in error.violations]
    way_out = next((way for kind, way in _WAYS if isinstance(error, kind)), "")
    if isinstance(error, errors.RateLimited) and error.retry_after:
        way_out = f"Call again in {error.retry_after:.0f} s."
    lines += [f"Way out: {way_out}"] if way_out else []
    if isinstance(error, errors.APIError):
        lines += [f"More: {error.documentation}"] if error.documentation else []
        lines += [f"Request: {error.request_id}"] if error.request_id else []
    return "\n".join(lines)
