"""The person's word before credits are spent, by whichever way the agent's program can ask."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequests,
    InputRequiredResult,
)

from kling_saas_client.mcp.ordering import Offer
from kling_saas_client.mcp.refusals import refuse

_APPROVAL = "approval"
_ASKS_IN_RESULTS = "2026-07-28"  # since then a question is a result, and its answer another call
# No field is to be filled in: to accept is the answer.
_NOTHING_ELSE: dict[str, Any] = {"type": "object", "properties": {}}
_SHOWN = ("mode", "duration", "aspect_ratio", "sound", "negative_prompt")


def question(offer: Offer, budget: dict[str, int], files: list[str]) -> str:
    """Price, model, prompt, and what is left. What the agent wrote stands on lines of its own."""
    told, quote = offer.quote.input, offer.quote
    kind = "credits" if quote.livemode else "test credits"
    more = [f"{name} {told[name]}" for name in _SHOWN if told.get(name) not in (None, "", False)]
    lines = [
        f"Order a film for {quote.credits} {kind} (${quote.usd})?",
        f"Model: {', '.join([_line(told.get('model')), *map(_line, more)])}",
        *(f"Begins with: {_line(file)}" for file in files),
        f"Left of this run's cap after it: {budget['left']} of {budget['cap']} credits",
        f"Prompt: {_line(told.get('prompt', ''))}",
    ]
    return "\n".join(lines)


def _line(text: object) -> str:
    """On one line, so that no prompt can look like a price."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())


async def ask(ctx: Context[Any, Any], message: str, reference: str) -> bool | InputRequiredResult:
    """Whether the person agreed; or what the tool returns so that it is asked.

    Raises ToolError where nobody can be asked.
    """
    if not _can_ask(ctx):
        raise refuse(
            "nobody_to_ask",
            "Each such film needs the person's approval, and this program cannot ask for it (it "
            "has no MCP elicitation). Nothing was ordered.",
            "The person starts the server with --approve above=N, for films of up to N credits "
            "unasked, or with --approve never; the cap holds either way.",
        )
    params = ElicitRequestFormParams(message=message, requested_schema=_NOTHING_ELSE)
    if (ctx.protocol_version or "") >= _ASKS_IN_RESULTS:
        asked: InputRequests = {_APPROVAL: ElicitRequest(params=params)}
        return InputRequiredResult(input_requests=asked, request_state=reference)
    try:
        answer = await ctx.session.elicit_form(message, _NOTHING_ELSE, ctx.request_id)
    except MCPError as error:
        raise refuse(
            "nobody_to_ask", f"The person was not asked: {error}", "Call make_film again."
        ) from error
    return bool(answer.action == "accept")


def answered(ctx: Context[Any, Any]) -> tuple[str, bool] | None:
    """The reference that was asked about, and whether the person agreed; None at a first call."""
    if ctx.request_state is None:
        return None
    answer = (ctx.input_responses or {}).get(_APPROVAL)
    return ctx.request_state, isinstance(answer, ElicitResult) and answer.action == "accept"


def _can_ask(ctx: Context[Any, Any]) -> bool:
    found = ctx.client_capabilities
    elicitation = found.elicitation if found else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
