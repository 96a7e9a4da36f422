"""What each command does."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from kling_saas_client.binding import Sync
from kling_saas_client.cli import saving, showing
from kling_saas_client.cli.arguments import film_of
from kling_saas_client.clients import Client
from kling_saas_client.errors import BadSettings, ConnectionFailed
from kling_saas_client.generations import Generation
from kling_saas_client.mcp.terms import Terms
from kling_saas_client.objects.prices import Quote
from kling_saas_client.orders import Order


class Refused(Exception):
    """The price was not accepted: nothing was ordered."""


def generate(client: Client, asked: Namespace) -> None:
    """Try the place, quote, ask, order, wait, save."""
    place = None if asked.no_wait else _place(asked)
    made = _ordered(client, asked)
    print(f"ordered: {made.id}", file=sys.stderr, flush=True)
    if asked.no_wait:
        _told(made, asked)
        return
    follow_up = saving.telling(made, "goes on; once it is made, save it by")
    with follow_up, showing.Progress(made) as progress:
        ended = made.wait(timeout=asked.timeout, tell=progress.news)
    with saving.telling(made, "is made; save it by"):
        place = place or saving.named(ended, asked)
        saving.save(ended, place)
    _saved(ended, place, asked)


def _place(asked: Namespace) -> Path | None:
    """As saving.agreed, for whoever has ordered nothing yet."""
    try:
        return saving.agreed(asked)
    except saving.NoPlace as error:
        error.add_note("nothing was ordered")
        raise


def _ordered(client: Client, asked: Namespace) -> Generation[Sync]:
    film = film_of(asked)
    quote = client.quotes.create(**film)
    _agree(quote, asked)
    try:
        return client.generations.create(
            **film,
            **_bound(quote, asked),
            **({"reference": asked.reference} if asked.reference else {}),
            idempotency_key=asked.idempotency_key,
        )
    except (ConnectionFailed, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) or error.idempotency_key:
            error.add_note("it may be ordered and paid all the same: see kling list first")
        raise


def _bound(quote: Quote, asked: Namespace) -> Order:
    """The price that was agreed to. Under a key an order must be the same whenever it comes again,
    which one with a new quote is not.
    """
    if not asked.idempotency_key:
        return {"quote_id": quote.id}
    return {"max_cost": quote.credits if asked.max_cost is None else asked.max_cost}


def _agree(quote: Quote, asked: Namespace) -> None:
    """Returns when the price may be paid. Raises Refused."""
    price = f"{quote.credits} credits (${quote.usd})"
    for warning in quote.warnings:
        print(f"note: {warning}", file=sys.stderr)
    if asked.max_cost is not None and quote.credits > asked.max_cost:
        raise Refused(f"it costs {price}, more than --max-cost {asked.max_cost}")
    print(f"price: {price}", file=sys.stderr)
    if asked.yes or asked.max_cost is not None:
        return
    if not sys.stdin.isatty():
        raise Refused(f"it costs {price}: say --yes or --max-cost where nobody can be asked")
    if not showing.is_agreed("Order it?"):
        raise Refused("nothing was ordered")


def price(client: Client, asked: Namespace) -> None:
    """What it costs, line by line."""
    found = client.generations.check(**film_of(asked))
    if asked.json:
        showing.as_json(found.raw)
        return
    showing.table((line.description, line.credits) for line in found.line_items)
    print(f"{found.credits} credits")
    for warning in found.warnings:
        print(f"note: {warning}", file=sys.stderr)


def list_(client: Client, asked: Namespace) -> None:
    """Generations, one a line."""
    kept = {name: getattr(asked, name) for name in ("status", "model", "kind", "reference")}
    found = client.generations.list(**kept, page_size=min(100, max(1, asked.limit)))
    rows = []
    for each in islice(found, max(0, asked.limit)):
        if asked.json:
            showing.as_json(each.raw)
        said = str(each.input.get("prompt") or "")[:50].replace("\n", " ")
        rows.append((each.id, each.status, each.model, f"{each.created_at:%Y-%m-%d %H:%M}", said))
    if rows and not asked.json:
        showing.table(rows)


def get(client: Client, asked: Namespace) -> None:
    """One as it stands."""
    _told(client.generations.get(asked.id), asked)


def cancel(client: Client, asked: Namespace) -> None:
    """Stopped, every credit back."""
    _told(client.generations.cancel(asked.id), asked)


def download(client: Client, asked: Namespace) -> None:
    """Saved, whole."""
    agreed = saving.agreed(asked)
    made = client.generations.get(asked.id)
    place = agreed or saving.named(made, asked)
    saving.save(made, place)
    _saved(made, place, asked)


def models(client: Client, asked: Namespace) -> None:
    """Every model, with its cheapest film."""
    found = client.models.list()
    for each in found if asked.json else ():
        showing.as_json(each.raw)
    if not asked.json:
        rows = [("MODEL", "MODES", "SECONDS", "KINDS")]
        rows += [
            (
                each.name,
                ",".join(str(mode["name"]) for mode in each.modes),
                f"{min(each.durations)}-{max(each.durations)}",
                ",".join(each.kinds),
            )
            for each in found
        ]
        showing.table(rows)


def wallet(client: Client, asked: Namespace) -> None:
    """The credits of the key's mode."""
    found = client.wallet.get()
    if asked.json:
        showing.as_json(found.raw)
        return
    figures = {"available": found.available, "reserved": found.reserved, "pending": found.pending}
    showing.table([*figures.items(), *([("owed", found.owed)] if found.owed else [])])


def events(client: Client, asked: Namespace) -> None:
    """One event a line."""
    feed = client.events.follow if asked.follow else client.events.list
    for each in feed(after=asked.after, type=asked.type):
        if asked.json:
            showing.as_json(each.raw)
        else:
            about = str(each.data.get("id", ""))
            at = f"{each.timestamp:%Y-%m-%d %H:%M:%S}"
            print(at, each.id, each.type, about, sep="  ", flush=True)


def mcp(client: Client, asked: Namespace) -> None:
    """Serves an agent until its program ends it."""
    try:
        from kling_saas_client.mcp.server import serve
    except ModuleNotFoundError as error:
        raise BadSettings('this needs more: pip install "kling-saas-client[mcp]"') from error
    if asked.folder is not None and not asked.folder.is_dir():
        raise BadSettings(f"{asked.folder} is no folder")
    folder = asked.folder and asked.folder.resolve()
    serve(Terms(asked.cap, asked.film_cap, asked.approve, folder), client.bound_to.settings.site)


def _told(made: Generation[Sync], asked: Namespace) -> None:
    if asked.json:
        showing.as_json(made.raw)
    else:
        showing.summary(made)


def _saved(made: Generation[Sync], place: Path, asked: Namespace) -> None:
    if asked.json:
        showing.as_json({**made.raw, "saved": str(place)})
    else:
        print(place)


COMMANDS: dict[str, Callable[[Client, Namespace], Any]] = {
    "generate": generate,
    "price": price,
    "list": list_,
    "get": get,
    "cancel": cancel,
    "download": download,
    "models": models,
    "wallet": wallet,
    "events": events,
    "mcp": mcp,
}
