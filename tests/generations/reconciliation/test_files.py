"""Files and uploads that nobody needs go; what somebody may need stays, whoever races."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from accounts import tenancy
from generations import faces, late, lifecycle, storage, submission, uploads
from generations.errors import InvalidRequest
from generations.models import Alarm, Generation, Upload, Video
from generations.reconciliation import files, missing, unused
from generations.reconciliation.finding import Finding, Look
from generations.submission import Submission
from tests.generations import mp4
from tests.generations.orders import actor, parked
from tests.generations.programs import FILM, available, funded, native, settled
from tests.generations.test_uploads import picture
from tests.people import Customer
from tests.serving import Quiet, serving
from tests.waiting import until

LONG_AGO = timedelta(days=3)
MEND, DRY = Look(mend=True), Look(mend=False)
PICTURE = {"model": "kling-v1", "prompt": "A kite"}


@pytest.fixture
def alice() -> Customer:
    return funded()


def lies(key: str, *, age: timedelta = LONG_AGO, content: bytes = b"bytes") -> str:
    """A file of that age in the storage."""
    storage.put(key, io.BytesIO(content))
    then = (timezone.now() - age).timestamp()
    os.utime(Path(settings.MEDIA_ROOT) / key, (then, then))
    return key


def there(key: str) -> bool:
    return storage.size(key) >= 0


def all_of(look: Callable[[Look], Any], how: Look) -> dict[str, Finding]:
    """The findings of all pages, by subject."""
    found, after = {}, ""
    while True:
        page = look(replace(how, after=after))
        found |= {each.subject: each for each in page.findings}
        if not (after := page.after):
            return found


def ended(of: Customer, how: Callable[[Generation], object] = lifecycle.cancel) -> Generation:
    """An order that ended three days ago."""
    order = parked(of)
    assert how(order)
    with tenancy.scope(of.organisation.pk):
        mine = Generation.objects.filter(pk=order.pk)
        mine.update(finished_at=timezone.now() - LONG_AGO)
        found: Generation = mine.get()
    return found


def given_up(order: Generation) -> bool:
    return lifecycle.fail(order, "upstream_unknown", "a story")


# -------------------------------------------------------------------- orphans


def test_an_old_file_that_nothing_names_goes_and_a_young_one_stays(alice: Customer) -> None:
    folder = f"inputs/{alice.organisation.pk}"
    old = lies(f"{folder}/{secrets.token_hex(32)}")
    half = lies(f"{folder}/.{secrets.token_hex(32)}.{secrets.token_hex(8)}")
    young = lies(f"{folder}/{secrets.token_hex(32)}", age=timedelta(hours=47))
    foreign = [lies(f"{folder}/notes.txt"), lies(f"elsewhere/{secrets.token_hex(32)}")]
    assert set(all_of(files.orphans, DRY)) >= {old, half}
    assert there(old)
    found = all_of(files.orphans, MEND)
    assert (found[old].done, found[half].done) == ("deleted", "deleted")
    assert [there(key) for key in (old, half, young, *foreign)] == [False, False, True, True, True]
    assert not set(found) & {young, foreign[1]}
    assert (found[foreign[0]].left, found[foreign[0]].done) == (True, "")
    storage.remove(foreign[0])


def test_files_of_an_order_stay_until_it_has_ended_and_does_not_name_them(
    alice: Customer,
) -> None:
    at_work, over, young = parked(alice), ended(alice), parked(alice)
    assert lifecycle.cancel(young)
    stays = [
        lies(f"films/{at_work.public_id}/half.mp4"),
        lies(f"films/{young.public_id}/half.mp4"),
        lies(f"incoming/{at_work.public_id}.mp4"),
        lies(f"inputs/{alice.organisation.pk}/{at_work.public_id}-image-cropped.jpg"),
    ]
    goes = [
        lies(f"films/{over.public_id}/half.mp4"),
        lies(f"incoming/{over.public_id}.mp4"),
        lies(f"incoming/.{over.public_id}.mp4.{secrets.token_hex(8)}"),
        lies(f"inputs/{alice.organisation.pk}/{over.public_id}-image-cropped.jpg"),
    ]
    found = all_of(files.orphans, MEND)
    assert [there(key) for key in stays] == [True] * 4
    assert [there(key) for key in goes] == [False] * 4
    assert not set(found) & set(stays)
    assert {found[key].done for key in goes} == {"deleted"}


def test_what_a_film_shows_stays_and_what_lies_beside_it_goes(site: str, alice: Customer) -> None:
    program = native(site, alice.test_key)
    film = settled(program, program.post("/generations", FILM).json()["id"])

    def previewed() -> Video | None:
        with tenancy.scope(alice.organisation.pk):
            video: Video = Video.objects.get(generation__public_id=film["id"])
        return video if video.preview_due_at is None else None

    video = until(previewed, what="the preview")
    with tenancy.scope(alice.organisation.pk):
        for column in Video.KEYS:
            if not getattr(video, column):
                setattr(video, column, lies(f"films/{film['id']}/{column}.mp4"))
        video.save()
    keys = video.keys
    for key in keys:
        then = (timezone.now() - LONG_AGO).timestamp()
        os.utime(Path(settings.MEDIA_ROOT) / key, (then, then))
    stray = lies(f"films/{film['id']}/{secrets.token_hex(16)}.mp4")
    with tenancy.scope(alice.organisation.pk):
        mine = Generation.objects.filter(public_id=film["id"])
        mine.update(finished_at=timezone.now() - LONG_AGO)
    found = all_of(files.orphans, MEND)
    assert [there(key) for key in (*keys, stray)] == [True] * len(Video.KEYS) + [False]
    assert not set(found) & set(keys)


def test_pictures_of_faces_stay_and_those_that_cannot_be_had_are_left_out(alice: Customer) -> None:
    order, drawn = ended(alice), picture(400, 300)
    others = lies(f"films/{order.public_id}/other.webp")

    class Upstream(Quiet):
        def get(self) -> None:
            self.answer(200, drawn)

    with serving(Upstream) as url:
        links = [f"{url}/face.png", others, "http://127.0.0.1:9/face.png", "", None]
        told = [{"face_id": str(n), "face_image": link} for n, link in enumerate(links)]
        order.made = {"facts": {"face_data": ["odd", *told]}}
        faces.keep(order)
    with tenancy.scope(alice.organisation.pk):
        order.save(update_fields=["made"])
    first, *rest = faces.told(order)["face_data"]
    assert first["face_image"].startswith(settings.SITE_URL)
    assert [face["face_image"] for face in rest] == [None] * 4
    (kept,) = faces.keys(order.made)
    lies(kept)
    found = all_of(files.orphans, MEND)
    assert (there(kept), kept in found, found[others].done) == (True, False, "deleted")


def test_a_file_of_an_order_that_is_not_known_is_left_to_a_person() -> None:
    key = lies(f"films/gen_{secrets.token_hex(11)}/{secrets.token_hex(16)}.mp4")
    found = all_of(files.orphans, MEND)[key]
    assert (found.left, found.done, there(key)) == (True, "", True)
    assert "older copy" in found.says


def test_the_only_copy_of_a_billed_film_is_given_and_never_deleted(
    alice: Customer, tmp_path: Path
) -> None:
    order = ended(alice, given_up)
    film = mp4.write(tmp_path / "film.mp4").read_bytes()
    key = lies(f"incoming/{order.public_id}.mp4", content=film)
    found = all_of(files.orphans, MEND)[key]
    assert (found.kind, found.left, there(key)) == ("late film", False, True)
    assert key not in all_of(files.orphans, MEND)  # it waits for its turn

    def given() -> bool:
        late.run()
        with tenancy.scope(alice.organisation.pk):
            return Video.objects.filter(generation=order).exists()

    until(given, what="the late film")
    assert (there(key), available(alice)) == (False, 10_000)


def test_a_walk_goes_on_behind_any_key() -> None:
    root = f"inputs/{secrets.randbelow(10**9) + 10**9}"
    keys = sorted(lies(f"{root}{name}") for name in ("/a/1", "/a.b", "/a/2", "/a0", "/b", "0/a"))
    prefix = f"{root[:-1]}"
    assert keys == sorted(keys, key=str.encode)
    for place in range(len(keys)):
        walked = [s.key for s in storage.listed("inputs/", keys[place])]
        assert [key for key in walked if key.startswith(prefix)][: len(keys)] == keys[place + 1 :]
        assert walked == sorted(walked)
    for key in keys:
        storage.remove(key)


# -------------------------------------------------------------------- missing files


def test_a_film_whose_file_is_gone_is_told_and_rings_until_it_is_back(
    site: str, alice: Customer
) -> None:
    program = native(site, alice.test_key)
    film = settled(program, program.post("/generations", FILM).json()["id"])
    with tenancy.scope(alice.organisation.pk):
        key = Video.objects.get(generation__public_id=film["id"]).key
    with storage.open_file(key) as file:
        content = file.read()
    storage.remove(key)
    ringing = Alarm.objects.filter(kind="missing", subject=key, resolved_at=None)

    lost = program.get(f"/generations/{film['id']}/content")
    assert (lost.status_code, lost.json()["code"]) == (404, "file_missing")
    assert "stays listed" in lost.json()["detail"]
    lost = requests.get(film["video"]["url"], timeout=60)
    assert (lost.status_code, lost.json()["code"]) == (404, "file_missing")
    shown = requests.get(film["video"]["url"], headers={"Accept": "text/html"}, timeout=60)
    assert (shown.status_code, "This file is missing" in shown.text) == (404, True)
    assert all_of(missing.files, DRY)[key].left
    assert not ringing.exists()
    assert all_of(missing.files, MEND)[key].says == "the file of a film is gone"
    assert ringing.exists()
    lies(key, content=content[:100])
    cut = f"the file of a film is damaged: 100 bytes of {len(content)}"
    assert all_of(missing.files, MEND)[key].says == cut
    assert ringing.get().message == cut
    lies(key, content=content)
    assert key not in all_of(missing.files, MEND)
    assert not ringing.exists()
    with tenancy.scope(alice.organisation.pk):
        assert Video.objects.filter(generation__public_id=film["id"], key=key).exists()


# -------------------------------------------------------------------- unused uploads


def sent(of: Customer, side: int, *, livemode: bool = False) -> Upload:
    """An upload that came long ago."""
    upload = uploads.store(actor(of, livemode=livemode), picture(side, side))
    with tenancy.scope(of.organisation.pk):
        long_ago = timezone.now() - timedelta(days=settings.UPLOAD_DAYS, minutes=1)
        Upload.objects.filter(pk=upload.pk).update(sent_at=long_ago)
    return upload


def kept(upload: Upload) -> bool:
    with tenancy.system("a test looks at every tenant"):
        return bool(Upload.objects.filter(pk=upload.pk).exists())


def ordered_with(of: Customer, upload: Upload) -> str:
    order = Submission(fields={**PICTURE, "image": upload.public_id}, door="native")
    return submission.submit(actor(of), order, lambda g: "").generation


def test_an_upload_in_no_order_goes_and_one_in_an_order_stays(alice: Customer) -> None:
    unneeded, needed, again = sent(alice, 401), sent(alice, 402), sent(alice, 403)
    lifecycle.cancel(order_of(ordered_with(alice, needed)))
    assert uploads.store(actor(alice), picture(403, 403)).pk == again.pk  # sent anew
    assert unneeded.public_id in all_of(unused.forgotten, DRY)
    assert kept(unneeded)
    found = all_of(unused.forgotten, MEND)
    assert found[unneeded.public_id].done == "deleted"
    assert [kept(row) for row in (unneeded, needed, again)] == [False, True, True]
    assert [there(row.key) for row in (unneeded, needed, again)] == [False, True, True]


def order_of(public_id: str) -> Generation:
    with tenancy.system("a test looks at every tenant"):
        found: Generation = Generation.objects.get(public_id=public_id)
    return found


def test_a_file_stays_while_the_other_mode_names_it(alice: Customer) -> None:
    test, live = sent(alice, 404), uploads.store(actor(alice, livemode=True), picture(404, 404))
    assert test.key == live.key
    assert test.public_id in all_of(unused.forgotten, MEND)
    assert (kept(test), kept(live), there(live.key)) == (False, True, True)


def test_a_file_that_is_sent_again_while_its_old_row_goes_stays(alice: Customer) -> None:
    old = sent(alice, 405)
    limit = timezone.now() - timedelta(days=settings.UPLOAD_DAYS)
    with tenancy.system("a test is the sweep"):
        assert [row[0] for row in unused._deleted([old.pk], limit)] == [old.pk]
    new = uploads.store(actor(alice), picture(405, 405))
    assert (new.key, new.pk != old.pk) == (old.key, True)
    assert not uploads.remove_file(old.key)
    assert there(new.key)


def test_an_order_that_is_being_accepted_keeps_its_upload(alice: Customer) -> None:
    upload = sent(alice, 406)
    with tenancy.scope(alice.organisation.pk):
        ordered_with(alice, upload)
        sweep = aside(lambda: unused.forgotten(MEND))
        until(waits_for_a_lock, what="the sweep at the order's lock")
    page = sweep.result(30)
    assert upload.public_id not in {each.subject for each in page.findings}
    assert (kept(upload), there(upload.key)) == (True, True)


def test_an_order_whose_upload_is_being_deleted_is_refused_and_holds_nothing(
    alice: Customer,
) -> None:
    upload = sent(alice, 407)
    with tenancy.system("a test is the sweep"):
        assert unused._deleted([upload.pk], timezone.now())
        order = aside(lambda: ordered_with(alice, upload))
        until(waits_for_a_lock, what="the order at the sweep's lock")
    with pytest.raises(InvalidRequest) as refusal:
        order.result(30)
    assert refusal.value.violations[0]["code"] == "unknown_upload"
    assert available(alice) == 10_000


def aside(what: Callable[[], Any]) -> Future[Any]:
    """Something done on a connection of its own, beginning now."""

    def done() -> Any:
        try:
            return what()
        finally:
            connections.close_all()

    return ThreadPoolExecutor(1).submit(done)


def waits_for_a_lock() -> bool:
    """Whether somebody waits for what this test's transaction holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted "
            "AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])
