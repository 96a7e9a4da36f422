"""Files sent past the API: announced, sent to an address of their own, looked at and kept."""

from __future__ import annotations

import hashlib
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from generations import sending, storage, submission
from generations.errors import InvalidRequest
from generations.models import Incoming, Upload
from generations.reconciliation import files
from generations.submission import Submission
from tests.generations import mp4
from tests.generations.orders import actor, parked
from tests.generations.programs import Program, funded, native
from tests.generations.reconciliation.test_files import MEND, all_of, aside, lies, there
from tests.generations.test_uploads import bomb, picture
from tests.people import Customer

MEGABYTE = 2**20


@pytest.fixture(scope="module")
def alice() -> Customer:
    return funded()


@pytest.fixture(scope="module")
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


def announced(api: Program, raw: bytes, content_type: str, **other: Any) -> dict[str, Any]:
    told = {
        "content_type": content_type, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest(),
    }  # fmt: skip
    answer = api.post("/uploads/presign", told | other)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def put(place: dict[str, Any], raw: bytes, **headers: str) -> requests.Response:
    return requests.put(place["url"], raw, headers={**place["headers"], **headers}, timeout=60)


def completed(api: Program, place: dict[str, Any]) -> requests.Response:
    return api.post(f"/uploads/{place['id']}/complete")


def delete(api: Program, public_id: str) -> requests.Response:
    return api.http.delete(f"{api.root}/uploads/{public_id}", timeout=60)


def sent(api: Program, raw: bytes, content_type: str) -> dict[str, Any]:
    place = announced(api, raw, content_type)
    assert put(place, raw).status_code == 200
    return dict(completed(api, place).json())


def lying(of: Customer) -> list[str]:
    folder = Path(settings.MEDIA_ROOT) / "presigned" / str(of.organisation.pk)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_film_too_large_for_a_request_is_sent_and_kept_once(
    api: Program, alice: Customer, tmp_path: Path
) -> None:
    mp4.write(tmp_path / "film.mp4", seconds=3)
    nothing = bytes(32 * MEGABYTE)
    raw = (tmp_path / "film.mp4").read_bytes() + struct.pack(">I4s", len(nothing) + 8, b"free")
    raw += nothing
    assert len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    place = announced(api, raw, "video/mp4")
    assert (place["method"], place["id"][:4]) == ("PUT", "upl_")
    early = completed(api, place)
    assert (early.status_code, early.json()["code"]) == (409, "not_sent")
    assert put(place, raw).status_code == 200
    upload = completed(api, place).json()
    assert (upload["id"], upload["bytes"], upload["object"]) == (place["id"], len(raw), "upload")
    assert upload["duration"] == pytest.approx(3, abs=0.2)
    assert completed(api, place).json() == upload
    assert put(place, raw).status_code == 409
    assert lying(alice) == []
    assert sent(api, raw, "video/mp4")["id"] == upload["id"]
    assert api.get(f"/uploads/{upload['id']}").json() == upload
    assert api.get("/uploads?limit=1").json()["data"] == [upload]
    order = {"task": "lip-sync", "video": upload["id"], "text": "Hi", "voice": "AOT"}
    answer = api.post("/generations", {**order, "language": "en", "dry_run": True})
    assert "video" not in {v["field"] for v in answer.json().get("violations", [])}


def test_a_picture_is_re_encoded_as_when_it_is_sent_directly(api: Program) -> None:
    raw = picture(410, 410, "PNG") + b"<script>"
    upload = sent(api, raw, "image/png")
    assert (upload["content_type"], upload["width"]) == ("image/jpeg", 410)
    assert api.post("/uploads", data=raw).json()["id"] == upload["id"]
    with tenancy.system("a test looks"):
        row = Upload.objects.get(public_id=upload["id"])
    with storage.open_file(row.key) as file:
        assert b"script" not in file.read()


@pytest.mark.parametrize(
    ("raw", "content_type", "says"),
    [
        (bomb(10_000, 10_000), "image/png", "decoded"),
        (bomb(7_000, 7_000), "image/png", "at most 40 million"),
        (b"<html></html>", "image/jpeg", "not a JPEG"),
        (b"<html></html>", "video/mp4", "neither"),
        (picture(), "video/mp4", "neither"),
    ],
    ids=["a bomb", "too many pixels", "HTML", "no film", "a picture for a film"],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_and_deleted(
    api: Program, alice: Customer, raw: bytes, content_type: str, says: str
) -> None:
    place = announced(api, raw, content_type)
    assert put(place, raw).status_code == 200
    refused = completed(api, place)
    assert refused.status_code == 422
    assert says in refused.json()["violations"][0]["message"]
    assert lying(alice) == []
    assert completed(api, place).json()["code"] == "not_sent"


def test_only_the_file_that_was_announced_is_taken(api: Program, alice: Customer) -> None:
    raw = picture(420, 420)
    place = announced(api, raw, "image/jpeg")
    assert put(place, raw[:-1] + b"?").json()["violations"][0]["field"] == "sha256"
    assert put(place, raw, **{"Content-Type": "image/png"}).status_code == 415
    for other in (raw + b"more", raw[:-5]):
        length = {"Content-Length": str(len(other))}
        assert put(place, other, **length).json()["violations"][0]["field"] == "bytes"
    pieces = requests.put(
        place["url"], iter([raw[:-5]]), headers={"Content-Type": "image/jpeg"}, timeout=60
    )
    assert pieces.status_code == 422
    assert lying(alice) == []
    assert requests.put(place["url"][:-2] + "xx", raw, timeout=60).status_code == 404
    assert requests.get(place["url"], timeout=60).status_code == 405
    with tenancy.scope(alice.organisation.pk):
        Incoming.objects.filter(public_id=place["id"]).update(expires_at=timezone.now())
    assert put(place, raw).status_code == 404


def test_an_announcement_is_read_strictly(api: Program, alice: Customer) -> None:
    wrong = {"content_type": "text/html", "bytes": 0, "sha256": "abc", "colour": "red"}
    answer = api.post("/uploads/presign", wrong)
    assert {each["field"] for each in answer.json()["violations"]} == set(wrong)
    fine = {"content_type": "video/mp4", "bytes": 1, "sha256": "0" * 64}
    for field, value in (("bytes", settings.UPLOAD_MAX_BYTES + 1), ("bytes", "1"), ("sha256", 5)):
        assert api.post("/uploads/presign", {**fine, field: value}).status_code == 422
    large = {**fine, "content_type": "image/png", "bytes": 10 * MEGABYTE + 1}
    assert api.post("/uploads/presign", large).status_code == 422
    bob = funded("bob")
    with tenancy.scope(bob.organisation.pk):
        soon = timezone.now() + timedelta(hours=1)
        Incoming.objects.bulk_create(
            Incoming(
                organisation=bob.organisation, livemode=False, content_type="image/png",
                bytes=1, sha256="0" * 64, expires_at=soon,
            )
            for _ in range(sending.AT_ONCE)
        )  # fmt: skip
    many = native(api.root.removesuffix("/api/v1"), bob.test_key).post("/uploads/presign", fine)
    assert (many.status_code, many.json()["code"]) == (429, "rate_limited")


def test_no_more_are_announced_at_once_than_may_lie_here(site: str) -> None:
    bob = funded("bob")
    his = native(site, bob.test_key)
    raw = picture(470, 470)
    told = {"content_type": "image/jpeg", "bytes": len(raw),
            "sha256": hashlib.sha256(raw).hexdigest()}  # fmt: skip
    first = announced(his, raw, "image/jpeg")
    for _ in range(sending.AT_ONCE - 6):
        announced(his, raw, "image/jpeg")
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: his.post("/uploads/presign", told), range(30)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 25

    assert put(first, raw).status_code == 200
    with tenancy.scope(bob.organisation.pk):
        Incoming.objects.update(expires_at=timezone.now())
    # What came still lies here; what ended with nothing sent makes room.
    for _ in range(sending.AT_ONCE - 1):
        announced(his, raw, "image/jpeg")
    assert his.post("/uploads/presign", told).status_code == 429
    assert completed(his, first).status_code == 200
    announced(his, raw, "image/jpeg")


def test_two_that_complete_it_at_once_are_told_the_same(api: Program) -> None:
    raw = picture(430, 430)
    place = announced(api, raw, "image/jpeg")
    put(place, raw)
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(lambda _: completed(api, place), range(2)))
    assert {answer.status_code for answer in told} <= {200, 409}
    assert len({answer.json()["id"] for answer in told if answer.status_code == 200}) == 1
    assert completed(api, place).status_code == 200


def test_an_upload_is_deleted_unless_an_order_under_way_needs_it(
    api: Program, alice: Customer
) -> None:
    upload = api.post("/uploads", data=picture(440, 440)).json()["id"]
    order = parked(alice, model="kling-v2-1", image=upload)
    kept = delete(api, upload)
    assert (kept.status_code, kept.json()["code"]) == (409, "needed")
    assert order.public_id in kept.json()["detail"]
    api.post(f"/generations/{order.public_id}/cancel")
    with tenancy.scope(alice.organisation.pk):
        key = Upload.objects.get(public_id=upload).key
    assert delete(api, upload).status_code == 204
    assert not there(key)
    assert delete(api, upload).status_code == api.get(f"/uploads/{upload}").status_code == 404


def test_an_order_that_meets_the_deletion_of_its_upload_is_refused(
    api: Program, alice: Customer
) -> None:
    upload = api.post("/uploads", data=picture(450, 450)).json()["id"]
    api.post(f"/generations/{parked(alice, model='kling-v2-1', image=upload).public_id}/cancel")
    who = actor(alice)
    order = Submission(fields={"model": "kling-v2-1", "image": upload}, door="native")
    with tenancy.scope(alice.organisation.pk):
        Upload.objects.get(public_id=upload).delete()
        submitting = aside(lambda: submission.submit(who, order, lambda g: ""))
        with pytest.raises(TimeoutError):  # it waits for the row
            submitting.result(1)
    with pytest.raises(InvalidRequest):
        submitting.result(30)


def test_what_is_not_completed_goes_after_a_day_and_files_of_nobody_too(
    api: Program, alice: Customer
) -> None:
    raw = picture(460, 460)
    old, young = announced(api, raw, "image/jpeg"), announced(api, raw, "image/jpeg")
    for place in (old, young):
        assert put(place, raw).status_code == 200
    with tenancy.scope(alice.organisation.pk):
        row = Incoming.objects.filter(public_id=old["id"])
        row.update(created_at=timezone.now() - timedelta(hours=25))
    assert sending.forget_incoming() >= 1
    assert lying(alice) == [young["id"]]
    assert completed(api, old).status_code == 404
    mine = f"presigned/{alice.organisation.pk}"
    kept = lies(f"{mine}/{young['id']}", content=raw)
    nobodys = lies(f"{mine}/upl_nobodys")
    half = lies(f"{mine}/.{young['id']}.{'ab' * 8}")
    found = all_of(files.orphans, MEND)
    assert {nobodys, half} <= set(found)
    assert (there(nobodys), there(half), there(kept)) == (False, False, True)
    assert completed(api, young).status_code == 200


def test_nobody_else_and_not_the_other_mode_has_them(
    site: str, api: Program, alice: Customer
) -> None:
    raw = picture(470, 470)
    place, upload = announced(api, raw, "image/jpeg"), sent(api, raw, "image/jpeg")["id"]
    put(place, raw)
    for key in (funded("mallory").test_key, alice.live_key):
        other = native(site, key)
        assert other.get("/uploads").json()["data"] == []
        assert other.get(f"/uploads/{upload}").status_code == 404
        assert other.get(f"/uploads?after={upload}").status_code == 404
        assert delete(other, upload).status_code == 404
        assert completed(other, place).status_code == 404
    assert completed(api, place).json()["id"] == upload
