"""Where films are saved: tried, and what is there asked about, before anything is paid."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kling_saas_client.binding import Sync
from kling_saas_client.cli import showing
from kling_saas_client.downloading import try_place
from kling_saas_client.errors import GenerationFailed, KlingError
from kling_saas_client.generations import Generation

_ANY = "film.mp4"  # as good as any name to try a folder with


class NoPlace(Exception):
    """Nothing can be saved there, or something is there that stays."""


def agreed(asked: Namespace) -> Path | None:
    """The file that was asked for, tried and free to be written; None where the film's id will
    be its name, in a folder that was tried. Raises NoPlace.
    """
    if asked.output is None or os.path.isdir(asked.output):  # noqa: PTH112 - False for any name
        _try((asked.output or Path()) / _ANY)
        return None
    return _free(asked.output, asked)


def named(made: Generation[Sync], asked: Namespace) -> Path:
    """The file with the film's id as its name. Raises NoPlace."""
    return _free((asked.output or Path()) / f"{made.id}{made.suffix}", asked)


def save(made: Generation[Sync], place: Path) -> None:
    """Saved, whole. Raises NoPlace where there is no room for it."""
    with showing.Progress(made) as progress:
        try:
            made.download(place, progress=progress.bytes)
        except OSError as error:
            raise _no_place(place, error) from error


@contextmanager
def telling(made: Generation[Sync], stands: str) -> Iterator[None]:
    """Whatever ends the block without the film also says how it stands, and how to get it."""
    try:
        yield
    except GenerationFailed:
        raise
    except (KlingError, NoPlace, OSError, KeyboardInterrupt) as error:
        error.add_note(f"{made.id} {stands}: kling download {made.id}")
        raise


def _free(place: Path, asked: Namespace) -> Path:
    _try(place)
    if not (place.exists() or place.is_symlink()):
        return place
    if not place.is_file():
        raise NoPlace(f"{place} is there already, and no file")
    if asked.force or (sys.stdin.isatty() and showing.is_agreed(f"{place} is there: replace it?")):
        return place
    raise NoPlace(f"{place} is there already: --force replaces it")


def _try(place: Path) -> None:
    try:
        try_place(place)
    except OSError as error:
        raise _no_place(place, error) from error


def _no_place(place: Path, error: OSError) -> NoPlace:
    return NoPlace(f"{place} cannot be saved: {error.strerror or error}")
