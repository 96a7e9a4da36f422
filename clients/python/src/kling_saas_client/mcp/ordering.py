"""From a wish to a film that is paid once: offered within the cap, agreed to, ordered."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeAlias

import anyio

from kling_saas_client import errors
from kling_saas_client.binding import Async
from kling_saas_client.clients import AsyncClient
from kling_saas_client.generations import Generation
from kling_saas_client.mcp.budget import Budget
from kling_saas_client.mcp.refusals import refuse
from kling_saas_client.mcp.terms import Terms
from kling_saas_client.objects.prices import Quote
from kling_saas_client.orders import Film

Made: TypeAlias = Generation[Async]
_LIFE = 600.0  # seconds in which a person answers; the quote binds longer


@dataclass(frozen=True, slots=True)
class Offer:
    """A film at a price that binds; its credits are set aside in the budget."""

    reference: str
    film: Film
    quote: Quote
    made: float = field(default_factory=time.monotonic)

    @property
    def over(self) -> bool:
        """Nobody has answered in time."""
        return time.monotonic() - self.made > _LIFE


class Orders:
    """One order for each reference, however often and however many at once ask for it."""

    def __init__(self, client: AsyncClient, terms: Terms) -> None:
        self.client, self.terms = client, terms
        self.budget = Budget(terms.cap or 0)
        self._offers: dict[str, Offer] = {}
        self._sent: dict[str, Offer] = {}  # whether the site has them is open
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def offer(self, film: Film, reference: str) -> Offer | Made:
        """The film at its price; or the film itself, where this reference has one already.

        Raises ToolError above the caps and for a reference of another film, and KlingError.
        """
        quote = await self.client.quotes.create(**film)
        async with self._locks[reference]:
            found = await self._sent_before(reference, quote) or await self.found(reference)
            if found:
                self._same(reference, found.input == quote.input)
                return found
            waiting = self._offers.get(reference)
            if waiting and not waiting.over:
                self._same(reference, waiting.quote.input == quote.input)
                return waiting
            await self._set_aside(reference, quote)
            self._offers[reference] = Offer(reference, film, quote)
            return self._offers[reference]

    async def order(self, reference: str) -> Made:
        """The film of an offer. Raises ToolError where there is none any more, and KlingError."""
        async with self._locks[reference]:
            offer = self._offers.pop(reference, None)
            if offer:
                return await self._send(offer)
            found = await self.found(reference)
            if found:
                return found
            raise refuse(
                "offer_over", "This offer is over; nothing was ordered.", "Call make_film again."
            )

    def withdraw(self, reference: str) -> None:
        """Nobody agreed to it: what was set aside is free again."""
        if self._offers.pop(reference, None):
            self.budget.release(reference)

    async def found(self, reference: str) -> Made | None:
        """The newest film of that reference, of this run or of one before."""
        async for made in self.client.generations.list(reference=reference, page_size=1):
            self.budget.note(made)
            return made
        return None

    async def look_again(self) -> None:
        """What came back of films under way is free again."""
        for name in self.budget.under_way:
            self.budget.note(await self.client.generations.get(name))

    async def _sent_before(self, reference: str, quote: Quote) -> Made | None:
        """The same order once more, where nobody knows what became of it: it is made once."""
        lost = self._sent.get(reference)
        if lost is None:
            return None
        self._same(reference, lost.quote.input == quote.input)
        return await self._send(lost)

    def _same(self, reference: str, same: bool) -> None:
        if not same:
            raise refuse(
                "reference_taken",
                f"The reference {reference!r} belongs to another film. Nothing was ordered.",
                "Take another reference for this one; the same words with the same reference are "
                "the same film.",
            )

    async def _set_aside(self, reference: str, quote: Quote) -> None:
        price, film_cap = quote.credits, self.terms.film_cap
        if film_cap is not None and price > film_cap:
            raise refuse(
                "film_cap",
                f"This film costs {price} credits, and one may cost {film_cap} (--film-cap).",
                "Make a shorter or simpler film, or another model's; quote tells prices.",
            )
        for gone in [each for each in self._offers.values() if each.over]:
            self.withdraw(gone.reference)
        if self.budget.reserve(reference, price):
            return
        await self.look_again()
        if not self.budget.reserve(reference, price):
            raise refuse(
                "cap",
                f"This film costs {price} credits, and {self.budget.left} of the "
                f"{self.budget.cap} of this run are left (--cap). Nothing was ordered.",
                "Make a cheaper film, or the person starts the server again with a higher --cap. "
                "What films under way do not cost in the end comes back, and what waits for a "
                "person's answer that never comes, after ten minutes.",
            )

    async def _send(self, offer: Offer) -> Made:
        """It runs to its end even where the agent has stopped waiting: what it cost is counted."""
        self._sent[offer.reference] = offer
        with anyio.CancelScope(shield=True):
            try:
                made = await self.client.generations.create(
                    **offer.film,
                    quote_id=offer.quote.id,
                    max_cost=self.terms.film_cap or offer.quote.credits,
                    reference=offer.reference,
                    idempotency_key=_key(offer.reference),
                )
            except errors.KlingError as error:
                if _may_have_come(error):
                    raise _open(offer.reference) from error
                self._sent.pop(offer.reference)
                self.budget.release(offer.reference)
                raise
            self._sent.pop(offer.reference)
            self.budget.ordered(offer.reference, made)
        return made


def _key(reference: str) -> str:
    """The same for a reference in every run."""
    return f"mcp-{hashlib.sha256(reference.encode()).hexdigest()}"


def _may_have_come(error: errors.KlingError) -> bool:
    if isinstance(error, errors.APIError):
        return error.status >= 500 or (error.status == 409 and error.retryable)
    return True


def _open(reference: str) -> Exception:
    return refuse(
        "outcome_unknown",
        "The site did not answer, and whether the film was ordered is not known.",
        f"Call make_film again with the same words and reference {reference!r}: that is the same "
        "film, paid once, and nobody is asked again.",
    )
