"""An agent's program with the Python client's MCP server, and the person who sits before it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.types import ElicitRequestParams, ElicitResult, TextContent

from kling_saas import env

_PATIENCE = 150.0  # seconds
LEGACY, MODERN = "legacy", "2026-07-28"  # how the two kinds of programs ask a person


@dataclass
class Person:
    """Says `answer` to every question."""

    answer: str = "accept"
    asked: list[str] = field(default_factory=list)

    async def __call__(self, context: Any, asked: ElicitRequestParams) -> ElicitResult:
        self.asked.append(asked.message)
        return ElicitResult(action=self.answer, content={} if self.answer == "accept" else None)


@dataclass
class Away(Person):
    """Is asked, and never answers."""

    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, context: Any, asked: ElicitRequestParams) -> ElicitResult:
        self.came.set()
        await asyncio.Event().wait()
        raise AssertionError("nothing ends this but its task")


@dataclass
class Agent:
    """Calls tools, and reads what they tell."""

    program: Client

    async def does(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a tool tells that did what it was asked."""
        answer = await self.program.call_tool(tool, arguments)
        assert not answer.is_error, answer.content
        assert answer.structured_content is not None
        return answer.structured_content

    async def has_left(self, credits_: int) -> None:
        """Returns when so many of this run's are left: who is told to stop needs a moment."""
        async with asyncio.timeout(_PATIENCE):
            while (await self.does("wallet"))["this_run"]["left"] != credits_:
                await asyncio.sleep(0.05)

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The words of a tool that did not."""
        answer = await self.program.call_tool(tool, arguments)
        assert answer.is_error, answer.structured_content
        (said,) = answer.content
        assert isinstance(said, TextContent)
        assert "Traceback" not in said.text
        return said.text.removeprefix(f"Error executing tool {tool}: ")


@asynccontextmanager
async def agent(
    site: str, key: str, *flags: str, person: Person | None = None, mode: str = LEGACY
) -> AsyncIterator[Agent]:
    """With a server of its own, until the block ends. Without a `person` nobody can be asked."""
    surroundings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(env.ROOT / "clients" / "python" / "src"),
        "KLING_SAAS_API_KEY": key,
        "KLING_SAAS_BASE_URL": site,
    }
    words = ["-m", "kling_saas_client.cli", "mcp", *flags]
    server = StdioServerParameters(command=sys.executable, args=words, env=surroundings)
    async with Client(server, elicitation_callback=person, mode=mode) as program:
        yield Agent(program)
