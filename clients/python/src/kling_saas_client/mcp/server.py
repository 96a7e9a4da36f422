"""The server as agents' programs start it: tools over stdin and stdout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations

from kling_saas_client.clients import AsyncClient
from kling_saas_client.mcp.terms import Terms
from kling_saas_client.mcp.tools import Tools
from kling_saas_client.version import __version__

_INSTRUCTIONS = """Films from words and pictures, made by Kling's models and paid in credits.
list_models tells what there is and what it costs; make_film orders one and returns at once;
wait_for_film tells when it is there, with a link. Spending has a cap for this run, and a person may
be asked before each film: if one is declined, do not order it again unasked. Give each film a
reference of yours: the same call with the same reference is the same film, paid once."""


def serve(terms: Terms, base_url: str | None = None) -> None:
    """Serves until its stdin ends. Raises BadSettings."""
    anyio.run(_serve, terms, base_url)


async def _serve(terms: Terms, base_url: str | None) -> None:
    async with AsyncClient(base_url=base_url) as client:
        await _built(Tools(client, terms)).run_stdio_async()


_LOOKS = ToolAnnotations(read_only_hint=True, open_world_hint=True)
_MAKES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False)
_STOPS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)


def _built(tools: Tools) -> MCPServer:
    kinds: list[tuple[Callable[..., Any], ToolAnnotations]] = [
        (tools.list_models, _LOOKS),
        (tools.quote, _LOOKS),
        (tools.make_film, _MAKES),
        (tools.film, _LOOKS),
        (tools.wait_for_film, _LOOKS),
        (tools.list_films, _LOOKS),
        (tools.cancel_film, _STOPS),
        (tools.download_film, _MAKES),
        (tools.wallet, _LOOKS),
    ]
    return MCPServer(
        "kling-saas",
        title="Films",
        instructions=_INSTRUCTIONS,
        version=__version__,
        tools=[_tool(each, kind) for each, kind in kinds],
        log_level="WARNING",
    )


def _tool(method: Callable[..., Any], kind: ToolAnnotations) -> Tool:
    """It refuses words that it does not know: one that is passed over makes another film."""
    made = Tool.from_function(method, annotations=kind)
    arguments = made.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    made.parameters = arguments.model_json_schema(by_alias=True)
    return made
