"""The words of the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from kling_saas_client.mcp.terms import ALWAYS, NEVER
from kling_saas_client.orders import Media
from kling_saas_client.version import __version__

_CODES = """exit codes: 0 done, 1 refused, 2 wrong words, 3 no connection, 4 no film, 5 too dear.
KLING_SAAS_BASE_URL is the site's address, KLING_SAAS_API_KEY a key of its page /dev/keys."""


def parser() -> argparse.ArgumentParser:
    """All commands."""
    root = argparse.ArgumentParser("kling", description="Films from a terminal.", epilog=_CODES)
    root.add_argument("--version", action="version", version=f"kling-saas-client {__version__}")
    root.add_argument("--base-url", help="the site's address")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, told: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=told, description=told)
        made.add_argument("--json", action="store_true", help="JSON, one object a line")
        return made

    film = command("generate", "order a film, wait for it and save it")
    _of_a_film(film)
    _of_files(film)
    film.add_argument("--max-cost", type=int, metavar="CREDITS", help="order nothing dearer")
    film.add_argument("-y", "--yes", action="store_true", help="order without asking")
    film.add_argument("--no-wait", action="store_true", help="order it, and leave")
    film.add_argument("--timeout", type=float, default=3600, metavar="SECONDS")
    film.add_argument("--reference", help="a word of yours to find it by")
    film.add_argument("--idempotency-key", help="the same again is the same order")
    _of_a_film(command("price", "say what a film would cost"))
    _of_lists(command("list", "your films, newest first"))
    for name, told in {"get": "one of them", "cancel": "stop one that is queued"}.items():
        command(name, told).add_argument("id")
    saved = command("download", "save one")
    saved.add_argument("id")
    _of_files(saved)
    command("models", "what can be ordered")
    command("wallet", "the credits there are")
    events = command("events", "what has happened, oldest first")
    events.add_argument("--follow", action="store_true", help="and what happens from now on")
    events.add_argument("--after", metavar="ID", help="only what came after that event")
    events.add_argument("--type", help="only these, such as generation.*")
    _of_agents(command("mcp", "serve agents by the Model Context Protocol, over stdin and stdout"))
    return root


def _of_files(of: argparse.ArgumentParser) -> None:
    of.add_argument(
        "-o", "--output", type=Path, metavar="PLACE",
        help="the file or the folder to save it to; else ID.mp4 here",
    )  # fmt: skip
    of.add_argument("-f", "--force", action="store_true", help="replace a file that is there")


def _of_agents(of: argparse.ArgumentParser) -> None:
    of.add_argument(
        "--cap", type=credits_, metavar="CREDITS",
        help="the most that all films of this run may cost; without it none is made",
    )  # fmt: skip
    of.add_argument(
        "--film-cap", type=credits_, metavar="CREDITS", help="the most that one may cost"
    )
    of.add_argument(
        "--approve", type=_asks_above, default=ALWAYS, metavar="always|above=N|never",
        help="when a person is asked before a film is ordered (always)",
    )  # fmt: skip
    of.add_argument("--folder", type=Path, help="where films may be saved; without it nowhere")


def _of_lists(of: argparse.ArgumentParser) -> None:
    of.add_argument("--limit", type=int, default=20, help="how many at most (20)")
    for name in ("status", "model", "kind", "reference"):
        of.add_argument(f"--{name}")


def _of_a_film(of: argparse.ArgumentParser) -> None:
    of.add_argument("prompt", nargs="?", help="what is to be seen")
    of.add_argument("--model", default="kling-v2-5-turbo")
    for name in ("mode", "aspect-ratio", "negative-prompt"):
        of.add_argument(f"--{name}")
    of.add_argument("--duration", type=int, metavar="SECONDS")
    of.add_argument("--seed", type=int)
    of.add_argument("--sound", action="store_const", const=True)
    for name in ("image", "image-tail"):
        of.add_argument(f"--{name}", type=media, help="a file, an address or an upload's id")
    of.add_argument(
        "--field", action="append", default=[], type=_field, metavar="NAME=JSON",
        help="any other field of the API",
    )  # fmt: skip


def media(text: str) -> Media:
    """A file that is here, or what the API understands by itself."""
    place = Path(text)
    try:
        return place if place.is_file() else text
    except OSError:  # no file has so long a name: data
        return text


def credits_(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("credits are whole and more than 0")
    return int(text)


def _asks_above(text: str) -> int | None:
    word, _, number = text.partition("=")
    if word == "above" and number:
        return credits_(number)
    if text not in ("always", "never"):
        raise argparse.ArgumentTypeError("say always, above=CREDITS or never")
    return ALWAYS if text == "always" else NEVER


def _field(text: str) -> tuple[str, Any]:
    name, is_there, value = text.partition("=")
    if not is_there:
        raise argparse.ArgumentTypeError("write it as NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def film_of(asked: argparse.Namespace) -> dict[str, Any]:
    """The fields of a film that were given."""
    names = (
        "prompt", "model", "mode", "aspect_ratio", "negative_prompt", "duration", "seed", "sound",
        "image", "image_tail",
    )  # fmt: skip
    fields = {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}
    return {**fields, "fields": dict(asked.field)}
