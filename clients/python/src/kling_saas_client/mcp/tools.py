"""The tools: their names, words and parameters are all that an agent knows of them."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any, cast

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from kling_saas_client import errors
from kling_saas_client.api import given
from kling_saas_client.binding import Async
from kling_saas_client.clients import AsyncClient
from kling_saas_client.generations import Generation
from kling_saas_client.mcp import asking, files, telling
from kling_saas_client.mcp.ordering import Offer, Orders
from kling_saas_client.mcp.refusals import acting, refuse
from kling_saas_client.mcp.terms import Terms
from kling_saas_client.orders import Film

Told = dict[str, Any]
_STEP = 5.0  # seconds between two words about a film that is waited for

FilmId = Annotated[str, Field(description="The id of a film, as make_film and list_films tell it.")]
Model = Annotated[str, Field(description="A name that list_models tells.")]
Prompt = Annotated[str, Field(description="What is to be seen: subject, motion, camera, light.")]
Negative = Annotated[str | None, Field(description="What is not to be seen.")]
Mode = Annotated[str | None, Field(description="A mode of the model, such as std or pro.")]
Seconds = Annotated[int | None, Field(description="Length; one of the model's durations.")]
Ratio = Annotated[str | None, Field(description="Such as 16:9; an image brings its own.")]
Sound = Annotated[bool | None, Field(description="With sound, where the model can.")]
Image = Annotated[
    str | None,
    Field(
        description="First frame: an https address, an absolute path of a JPEG or PNG on this "
        "machine, or the id of an upload (upl_…)."
    ),
]
Tail = Annotated[str | None, Field(description="Last frame, as image; not of every model.")]
Reference = Annotated[
    str | None,
    Field(
        max_length=200,
        description="A word of yours for this film. The same call with the same reference is the "
        "same film, made and paid once: give one, so that a call can be repeated.",
    ),
]


class Tools:
    """Each public method is a tool; its docstring is what the agent reads."""

    def __init__(self, client: AsyncClient, terms: Terms) -> None:
        self._client, self._terms = client, terms
        self._orders = Orders(client, terms)

    @acting
    async def list_models(self, model: Model | None = None) -> Told:
        """What films can be made: models with their modes, durations, aspect ratios, usual waiting
        times (eta_seconds) and prices in credits. With `model`, that one, with every limit.
        """
        if model is not None:
            found = await self._client.models.get(model)
            return {**telling.model(found), "limits": found.schema}
        return {"models": [telling.model(each) for each in await self._client.models.list()]}

    @acting
    async def quote(
        self,
        prompt: Prompt,
        model: Model,
        image: Image = None,
        image_tail: Tail = None,
        duration: Seconds = None,
        mode: Mode = None,
        aspect_ratio: Ratio = None,
        negative_prompt: Negative = None,
        sound: Sound = None,
    ) -> Told:
        """What a film would cost, and everything that is wrong with it. Nothing is ordered, and
        make_film needs no quote before it.
        """
        film = await self._film(
            prompt=prompt, model=model, image=image, image_tail=image_tail, duration=duration,
            mode=mode, aspect_ratio=aspect_ratio, negative_prompt=negative_prompt, sound=sound,
        )  # fmt: skip
        price = await self._client.generations.check(**film)
        return {
            "credits": price.credits,
            "lines": [f"{each.description}: {each.credits}" for each in price.line_items],
            "film": price.input,
            "warnings": price.warnings,
            "a_person_is_asked": self._terms.asks(price.credits),
            **self._budget(),
        }

    @acting
    async def make_film(
        self,
        ctx: Context[Any, Any],
        prompt: Prompt,
        model: Model,
        image: Image = None,
        image_tail: Tail = None,
        duration: Seconds = None,
        mode: Mode = None,
        aspect_ratio: Ratio = None,
        negative_prompt: Negative = None,
        sound: Sound = None,
        reference: Reference = None,
    ) -> Told | InputRequiredResult:
        """Order a film. It costs credits: a person may be asked first, and a cap holds. It returns
        at once with the film's id; wait_for_film tells when it is there. A film that fails costs
        nothing.
        """
        if self._terms.cap is None:
            raise refuse(
                "no_cap",
                "This server was started without a cap, so it orders nothing.",
                "The person starts it with --cap CREDITS: the most that all films of one run may "
                "cost. The other tools work without.",
            )
        answer = asking.answered(ctx)
        if answer:
            return await self._ordered(*answer)
        film = await self._film(
            prompt=prompt, model=model, image=image, image_tail=image_tail, duration=duration,
            mode=mode, aspect_ratio=aspect_ratio, negative_prompt=negative_prompt, sound=sound,
        )  # fmt: skip
        offer = await self._orders.offer(film, reference or f"mcp-{uuid.uuid4()}")
        if isinstance(offer, Generation):
            return self._told(offer)
        agreed = await self._agreed(ctx, offer, [each for each in (image, image_tail) if each])
        if isinstance(agreed, InputRequiredResult):
            return agreed
        return await self._ordered(offer.reference, agreed)

    @acting
    async def film(self, id: FilmId) -> Told:  # noqa: A002 - the API's own word
        """How a film stands: its status (queued, processing, succeeded, failed, cancelled), place
        in the queue and expected seconds; once it is there, a fresh signed link that anybody can
        open until link_ends_at.
        """
        return self._told(await self._client.generations.get(id))

    @acting
    async def wait_for_film(
        self,
        ctx: Context[Any, Any],
        id: FilmId,  # noqa: A002 - the API's own word
        seconds: Annotated[int, Field(ge=1, le=600, description="Wait at most so long.")] = 45,
    ) -> Told:
        """Wait until a film is there or has failed, with progress, and tell it as film does. If it
        is still under way after `seconds`, call again; it goes on meanwhile.
        """
        made = await self._client.generations.get(id)
        began, over = time.monotonic(), False
        while not (made.ended or over):
            passed = time.monotonic() - began
            await ctx.report_progress(passed, None, _progress(made, passed))
            try:
                made = await made.wait(timeout=min(_STEP, seconds - passed), check=False)
            except errors.StillUnderWay as still:
                made = still.generation
            over = time.monotonic() - began >= seconds
        again = {} if made.ended else {"next": "Still under way: call wait_for_film again."}
        return self._told(made) | again

    @acting
    async def list_films(
        self,
        status: Annotated[
            str | None, Field(description="queued, processing, succeeded, failed or cancelled.")
        ] = None,
        model: Model | None = None,
        reference: Annotated[str | None, Field(description="As it was ordered with.")] = None,
        limit: Annotated[int, Field(ge=1, le=50, description="At most so many.")] = 10,
    ) -> Told:
        """The organisation's films, newest first, whoever ordered them."""
        found = self._client.generations.list(
            status=status, model=model, reference=reference, page_size=limit
        )
        films: list[Generation[Async]] = []
        async for made in found:
            self._orders.budget.note(made)
            films.append(made)
            if len(films) == limit:
                break
        return {"films": [telling.line(each) for each in films]}

    @acting
    async def cancel_film(self, id: FilmId) -> Told:  # noqa: A002 - the API's own word
        """Stop a film that is still queued; every credit comes back. One that is being made can be
        stopped by nobody.
        """
        return self._told(await self._client.generations.cancel(id))

    @acting
    async def download_film(
        self,
        id: FilmId,  # noqa: A002 - the API's own word
        name: Annotated[
            str | None,
            Field(description="A file name without folders, such as fox.mp4; else the film's id."),
        ] = None,
    ) -> Told:
        """Save a film that is there into the folder which the person chose for this server. Files
        that are there already are never replaced.
        """
        made = await self._client.generations.get(id)
        place = files.place(self._terms.folder, made, name)
        await made.download(place)
        return {"saved": str(place), "bytes": place.stat().st_size}

    @acting
    async def wallet(self) -> Told:
        """The organisation's credits, and what this run may still spend. With a test key the
        credits are play money and films are samples.
        """
        found = await self._client.wallet.get()
        return {
            "available": found.available,
            "held_for_films_under_way": found.reserved,
            "test_mode": not found.livemode,
            **self._budget(),
        }

    async def _film(self, **words: Any) -> Film:
        """The words of an order that were given, with pictures of this machine sent."""
        for name in ("image", "image_tail"):
            words[name] = await files.sent(self._client, words[name])
        return cast("Film", given(**words))

    async def _agreed(
        self, ctx: Context[Any, Any], offer: Offer, pictures: list[str]
    ) -> bool | InputRequiredResult:
        """Whether it may be ordered; or what asks for it, by a result of its own."""
        if not self._terms.asks(offer.quote.credits):
            return True
        message = asking.question(offer, self._orders.budget.told(), pictures)
        asked: bool | InputRequiredResult = False
        try:
            asked = await asking.ask(ctx, message, offer.reference)
        finally:
            if not asked:  # nor if the agent stopped waiting, or nobody can be asked
                self._orders.withdraw(offer.reference)
        return asked

    async def _ordered(self, reference: str, agreed: bool) -> Told:
        if not agreed:
            self._orders.withdraw(reference)
            raise refuse(
                "declined",
                "The person did not approve it. Nothing was ordered or paid.",
                "Ask the person what to change; do not order the same again unasked.",
            )
        return self._told(await self._orders.order(reference))

    def _told(self, made: Generation[Any]) -> Told:
        self._orders.budget.note(made)
        return {**telling.film(made), **self._budget()}

    def _budget(self) -> Told:
        return {"this_run": self._orders.budget.told()} if self._terms.cap is not None else {}


def _progress(made: Generation[Any], seconds: float) -> str:
    """What is known, and no share of what nobody knows."""
    words = [made.status, f"{seconds:.0f} s"]
    words += [f"place {made.position}"] if made.position else []
    words += [f"half of such films take {made.eta.p50_seconds:.0f} s"] if made.eta else []
    return ", ".join(words)
