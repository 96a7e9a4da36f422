"""What an upstream made, brought here and verified, while its step is held."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from generations import lifecycle, outcomes, storage
from generations.films import BadFilm, Film, examine
from generations.lifecycle import LeaseLost
from generations.models import AlarmKind, Generation
from generations.providers import alarms
from generations.sounds import Sound, listen, measure
from kling_saas.lib import http
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)
STORED = "stored:"  # media_url of a film that a blocking call left in our own storage
NOT_HAD = (http.FetchFailed, http.BlockedAddress, BadFilm)
PATIENCE = timedelta(minutes=1)  # with who has the film, even if its deadline is over


@dataclass(frozen=True, slots=True)
class Fetched:
    """What lies in the folder: the film, the sound, both, or neither where facts are all.

    `marked` is the film with the watermark that was ordered.
    """

    folder: Path
    film: Film | None = None
    sound: Sound | None = None
    marked: Sound | None = None

    @property
    def film_path(self) -> Path:
        return self.folder / "film.mp4"

    @property
    def marked_path(self) -> Path:
        return self.folder / "marked.mp4"

    @property
    def sound_path(self) -> Path:
        return self.folder / "sound"


def fetched(generation: Generation, folder: Path) -> Fetched:
    """Everything that the upstream made, verified. Downloads take FILM_FETCH_SECONDS in all."""
    kept = Fetched(folder)
    until = time.monotonic() + settings.FILM_FETCH_SECONDS
    film = sound = None
    sound_address = str(generation.made.get("audio_url", ""))
    with held(generation) as alive:
        if generation.media_url:
            _download(generation.media_url, kept.film_path, until, alive)
            passing("film.fetched")
        if sound_address:
            _download(sound_address, kept.sound_path, until, alive)
        marked = _marked(generation, kept.marked_path, until, alive)
        _reached(generation)
        if generation.media_url:
            seconds = generation.order().duration
            film = examine(kept.film_path, seconds=seconds, alive=alive)
            passing("film.examined")
        if sound_address:
            sound = listen(kept.sound_path, alive=alive)
    return Fetched(folder, film, sound, marked)


def _marked_address(generation: Generation) -> str:
    """Where its film with a watermark is; empty where none was ordered, or none was made."""
    ordered = generation.order().watermark and generation.media_url
    return str(generation.made.get("marked_url", "")) if ordered else ""


def _marked(
    generation: Generation, path: Path, until: float, alive: Callable[[], None]
) -> Sound | None:
    """Its film with a watermark, where there is one.

    At the last try None if it cannot be had: then the good film is given without it, and says so.
    """
    address = _marked_address(generation)
    if not address:
        return None
    try:
        _download(address, path, until, alive)
        return measure(path, "video")
    except NOT_HAD as error:
        if not _is_last_try(generation):
            raise
        log.warning("%s: given without its watermarked copy: %s", generation.public_id, error)
        generation.warnings = [*generation.warnings, outcomes.NO_MARK]
        return None


def _is_last_try(generation: Generation) -> bool:
    """Whether it is given up, or would be if this try failed."""
    tried = generation.step_attempts >= settings.STEP_ATTEMPTS
    late = generation.deadline_at <= timezone.now() and age_of(generation) >= PATIENCE
    return bool(tried or late or generation.finished_at)


@contextmanager
def held(generation: Generation) -> Iterator[Callable[[], None]]:
    """Keep the lease, however long it takes; the function raises LeaseLost once it is lost.

    So does the end. Nothing may move the generation meanwhile.
    """
    over, lost = threading.Event(), threading.Event()

    def alive() -> None:
        if lost.is_set():
            raise LeaseLost(generation.public_id)

    def renew() -> None:
        while not over.wait(settings.LEASE_SECONDS / 4):
            try:
                lifecycle.renew(generation)
            except LeaseLost:
                lost.set()
                break
            except DatabaseError as error:  # tried again; at worst the lease is lost
                log.warning("%s: lease not renewed: %s", generation.public_id, error)
        connections.close_all()

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield alive
    finally:
        over.set()
        thread.join()
    alive()


def _download(address: str, path: Path, until: float, alive: Callable[[], None]) -> None:
    with path.open("wb") as file:
        for chunk in _source(address, until):
            file.write(chunk)
            alive()


def _source(address: str, until: float) -> Iterator[bytes]:
    """What lies there; from elsewhere until that moment of the monotonic clock."""
    if address.startswith(STORED):
        with storage.open_file(address.removeprefix(STORED)) as file:
            while chunk := file.read(256 * 1024):
                yield chunk
        return
    yield from http.fetch(
        address,
        max_bytes=settings.FILM_MAX_BYTES,
        max_seconds=until - time.monotonic(),
    )


def age_of(generation: Generation) -> timedelta:
    """For how long the film could have been had."""
    return timezone.now() - (generation.upstream_finished_at or generation.created_at)


def _reached(generation: Generation) -> None:
    """What could not be fetched for a while has come."""
    if generation.account and age_of(generation) >= PATIENCE:
        alarms.clear(AlarmKind.UNFETCHED, generation.account.name)
