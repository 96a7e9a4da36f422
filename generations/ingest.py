"""From "the upstream has finished" to a stored film: fetch, verify, store, settle.

Credits are taken only at the end, for a file that is in place and plays. Every part may be done
again after a crash: the same film goes to the same key.
"""

from __future__ import annotations

import io
import logging
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from generations import attempts, faces, lifecycle, outcomes, owned, patience, providers, storage
from generations.catalogue.products.registry import PRODUCTS
from generations.downloads import NOT_HAD, PATIENCE, STORED, Fetched, age_of, fetched, held
from generations.films import BadFilm, Film, digest
from generations.lifecycle import LeaseLost
from generations.models import AlarmKind, Audio, Generation, Status, Video
from generations.providers import alarms
from generations.sounds import Sound, as_wav
from generations.wire.task import Rejected, TaskState
from kling_saas.lib import http, scratch
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)
_WAITS = (0.5, 3.0, 10.0, 30.0, 60.0)
_OURS = "storage"  # what an alarm calls it
_PAUSES = 5.0, 900.0  # seconds between tries while the storage or who has the film is away


def run() -> int:
    """Take one finished film in; the number handled (0 or 1)."""
    mine = lifecycle.claim([Status.FETCHING, Status.STORING], 1)
    for generation in mine:
        try:
            _take_in(generation)
        except LeaseLost:
            log.warning("%s: the lease was lost while storing", generation.public_id)
    return len(mine)


def _take_in(generation: Generation) -> None:
    try:
        with scratch.folder() as folder:
            _store(generation, fetched(generation, folder))
    except NOT_HAD as error:
        _trouble(generation, error)
    except storage.TROUBLE as error:  # or no room for it on our own disk
        _storage_trouble(generation, error)


def gift(generation: Generation, folder: Path) -> list[Video | Audio]:
    """What a generation that was given up was made, stored and not yet saved. Nothing is settled.

    Raises FetchFailed, BlockedAddress, BadFilm, or the storage's trouble.
    """
    return _put_all(generation, fetched(generation, folder))


def _store(generation: Generation, got: Fetched) -> None:
    lease = Now() + timedelta(seconds=settings.LEASE_SECONDS)
    if generation.status == Status.FETCHING and not lifecycle.advance(
        generation, Status.STORING, lease_until=lease
    ):
        return
    passing("film.storing")
    made = _put_all(generation, got)
    passing("film.stored")
    if lifecycle.succeed(generation, *made):
        forget_incoming(generation)


def _put_all(generation: Generation, got: Fetched) -> list[Video | Audio]:
    made: list[Video | Audio] = []
    if got.film:
        video = _put(generation, got.film_path, got.film)
        if got.marked:
            video.marked_key = _put_marked(generation, got.marked_path, got.marked)
        made.append(video)
    if got.sound:
        made.append(_put_sound(generation, got.sound_path, got.sound))
    if owned.faces_in(generation):
        with held(generation):
            faces.keep(generation)
    if made and age_of(generation) >= PATIENCE:
        alarms.clear(AlarmKind.UNSTORED, _OURS)
    return made


def _put(generation: Generation, path: Path, film: Film) -> Video:
    """Film and poster under their final keys; the row that shows them, unsaved."""
    key = storage.film_key(generation.public_id, film.sha256)
    poster_key = key.removesuffix(".mp4") + ".webp"
    with held(generation):
        _put_whole(key, path, film.size)
        passing("film.put")
        storage.put(poster_key, io.BytesIO(film.poster))
    return Video(
        organisation_id=generation.organisation_id,
        livemode=generation.livemode,
        generation=generation,
        key=key,
        poster_key=poster_key,
        bytes=film.size,
        sha256=film.sha256,
        width=film.width,
        height=film.height,
        duration_ms=film.duration_ms,
        has_sound=film.has_sound,
    )


def _put_marked(generation: Generation, path: Path, marked: Sound) -> str:
    """The film with its watermark under its final key, which is told."""
    key = storage.film_key(generation.public_id, marked.sha256)
    with held(generation):
        _put_whole(key, path, marked.size)
    return key


def _put_sound(generation: Generation, path: Path, sound: Sound) -> Audio:
    """The sound under its final key; the row that shows it, unsaved."""
    key = storage.sound_key(generation.public_id, sound.sha256, sound.form.suffix)
    wav_key = ""
    with held(generation):
        _put_whole(key, path, sound.size)
        if PRODUCTS[generation.kind].wav:
            wav_key = _put_wav(generation, path)
    return Audio(
        organisation_id=generation.organisation_id,
        livemode=generation.livemode,
        generation=generation,
        key=key,
        wav_key=wav_key,
        content_type=sound.form.content_type,
        bytes=sound.size,
        sha256=sound.sha256,
        duration_ms=sound.duration_ms,
    )


def _put_wav(generation: Generation, path: Path) -> str:
    """The sound as WAV, made here of what came, under its key, which is told."""
    wav = path.with_name("sound.wav")
    as_wav(path, wav)
    key = storage.sound_key(generation.public_id, digest(wav), wav.suffix)
    _put_whole(key, wav, wav.stat().st_size)
    return key


def _put_whole(key: str, path: Path, size: int) -> None:
    """Raises OSError when the storage has fewer or more bytes than it was given, or none: the file
    is good, and is put again.
    """
    with path.open("rb") as file:
        storage.put(key, file)
    if storage.size(key) != size:
        raise OSError(f"{key} is not stored whole")


def forget_incoming(generation: Generation) -> None:
    """Remove the copy that a blocking call left; the film is stored, or will never be."""
    if not generation.media_url.startswith(STORED):
        return
    try:
        storage.remove(generation.media_url.removeprefix(STORED))
    except storage.TROUBLE as error:
        log.warning("%s: a temporary film was left behind: %s", generation.public_id, error)


def _storage_trouble(generation: Generation, error: Exception) -> None:
    """Our own storage is out of order: the film is good, so wait for it, without counting tries.

    After a day the credits are given back, and `late` gives the film. Until then the copy that a
    blocking call left may be all there is of it.
    """
    age = age_of(generation)
    log.error("%s: our storage failed after %s: %r", generation.public_id, age, error)
    if age >= PATIENCE:
        alarms.ring(AlarmKind.UNSTORED, _OURS, f"{generation.public_id}: {error!r}")
    if age > patience.STORAGE:
        why = "The film was made and our storage did not take it for a day"
        lifecycle.fail(generation, "deadline", f"{why}. Nothing was charged.")
        return
    lifecycle.release(generation, again_in=_pause(age), forgive=True)


def _pause(age: timedelta) -> float:
    least, most = _PAUSES
    return min(most, max(least, age.total_seconds() / 4))


def _give_up(generation: Generation, code: str, message: str) -> None:
    if lifecycle.fail(generation, code, message):
        forget_incoming(generation)


def _trouble(generation: Generation, error: Exception) -> None:
    """Ask for a fresh link and try again; give up, and give back, after STEP_ATTEMPTS.

    While nobody gives the film to us, or nobody tells us where it is now, that is no try.
    """
    cause = f" ({error.__cause__!r})" if error.__cause__ else ""
    told = f"{type(error).__name__}: {error}{cause}"
    log.warning(
        "%s: film not taken in (try %s): %s", generation.public_id, generation.step_attempts, told
    )
    attempts.spoilt(generation, told)
    told_where = _refresh_link(generation)
    if not told_where or (isinstance(error, http.FetchFailed) and error.passing):
        _wait(generation, told)
        return
    if generation.step_attempts >= settings.STEP_ATTEMPTS:
        bad = isinstance(error, BadFilm)
        why = f"The film that came cannot be used: {error}." if bad else "The film did not come."
        _give_up(generation, "bad_film", f"{why} Nothing was charged.")
        return
    lifecycle.release(generation, again_in=_WAITS[min(generation.step_attempts, len(_WAITS)) - 1])


def _wait(generation: Generation, told: str) -> None:
    """The film is made and may be billed: ask for it until the deadline; then `late` goes on."""
    age, left = age_of(generation), generation.deadline_at - timezone.now()
    account = generation.account
    if age >= PATIENCE and account and not account.is_sandbox:
        alarms.ring(AlarmKind.UNFETCHED, account.name, f"{generation.public_id}: {told}")
    if age >= PATIENCE and left <= timedelta():
        why = "The film was made and could not be fetched before its deadline"
        _give_up(generation, "deadline", f"{why}. Nothing was charged.")
        return
    soonest = max(left.total_seconds(), _PAUSES[0])
    lifecycle.release(generation, again_in=min(_pause(age), soonest), forgive=True)


def _refresh_link(generation: Generation) -> bool:
    """Take the upstream's present link to the film, which may differ from the one that failed.

    False when it told nothing of the film: a link that has expired is then all that we have.
    """
    if generation.account is None or generation.media_url.startswith(STORED):
        return True
    adapter = providers.adapter(generation.account)
    if adapter.blocking:
        return True
    with held(generation):
        found = adapter.get(generation.order().kind, generation.upstream_id)
    if isinstance(found, Rejected):
        return outcomes.certainly_absent(found)
    if found.state == TaskState.SUCCEEDED and (found.videos or found.audios):
        with lifecycle.scope(generation):
            Generation.objects.filter(
                pk=generation.pk, status=generation.status, version=generation.version
            ).update(
                media_url=outcomes.film_address(found),
                made=outcomes.told(found),
            )
    return True
