"""Films in a bucket: the same product on a real S3 server, from the order to the browser's seek."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.generations.programs import FILM, native, settled
from tests.generations.test_uploads import picture
from tests.stack import Stack, free_ports
from tests.waiting import until

_ACCESS, _SECRET, _BUCKET = "films-access-key", "films-secret-key", "films"
_WEED = Path(sys.executable).with_name("weed")
_TRY = """
import io, json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from generations import storage
key = "films/test/one.mp4"
before = storage.size(key)
storage.put(key, io.BytesIO(b"first"))
storage.put(key, io.BytesIO(bytes(range(256)) * 1000))
with storage.open_file(key) as file:
    whole = file.read() == bytes(range(256)) * 1000
walk = [f"inputs/walk/{name}" for name in ("a", "b", "c")]
for each in walk:
    storage.put(each, io.BytesIO(b"walked"))
young = storage.written_at(walk[0])
print(json.dumps({"before": before, "size": storage.size(key), "whole": whole,
                  "link": storage.link(key, name="one.mp4"),
                  "listed": [s.key for s in storage.listed("inputs/walk/", walk[0])],
                  "written": [s.at == young for s in storage.listed("inputs/walk/")][0],
                  "nothing": storage.written_at("inputs/walk/none")}))
for each in walk:
    storage.remove(each)
"""

_ORPHANS = """
import io, json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from django.conf import settings
from generations import storage
from generations.reconciliation import files
from generations.reconciliation.finding import Look
old = f"inputs/1/{'ab' * 32}"
storage.put(old, io.BytesIO(b"nobody's"))
assert files.orphans(Look(mend=True)).findings == ()
settings.ORPHAN_HOURS = -1  # the bucket dates what it is given: as if all had lain long enough
found = [[f.subject, f.done] for f in files.orphans(Look(mend=True)).findings]
print(json.dumps({"found": found, "left": storage.size(old)}))
"""


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server with one bucket and one pair of keys."""
    folder = tmp_path_factory.mktemp("s3")
    master, volume, filer, s3, *grpc = free_ports(8)
    keys = {"accessKey": _ACCESS, "secretKey": _SECRET}
    identity = {"name": "films", "credentials": [keys], "actions": ["Admin", "Read", "Write"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    server = subprocess.Popen(
        [str(_WEED), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
         f"-master.port={master}", f"-master.port.grpc={grpc[0]}", f"-volume.port={volume}",
         f"-volume.port.grpc={grpc[1]}", f"-filer.port={filer}", f"-filer.port.grpc={grpc[2]}",
         "-s3", f"-s3.port={s3}", f"-s3.port.grpc={grpc[3]}", f"-s3.config={folder / 's3.json'}",
         "-volume.max=10", "-master.volumeSizeLimitMB=64"],
        stdout=(folder / "log").open("wb"), stderr=subprocess.STDOUT, cwd=folder,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{s3}"
        until(lambda: _made(address), seconds=60, what="the bucket")
        yield address
    finally:
        server.kill()  # told politely it takes half a minute
        server.wait(20)


def _made(address: str) -> bool:
    """Make the bucket; whether it can be written."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id=_ACCESS, aws_secret_access_key=_SECRET,
        region_name="us-east-1",
    )  # fmt: skip
    try:
        if _BUCKET not in {b["Name"] for b in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket=_BUCKET)
        client.put_object(Bucket=_BUCKET, Key="ready", Body=b"yes")
    except (BotoCoreError, ClientError):
        return False
    return True


@pytest.fixture(scope="module")
def place(bucket: str) -> Iterator[Stack]:
    """The product with its films in the bucket."""
    made = Stack(
        S3_BUCKET=_BUCKET, S3_ENDPOINT=bucket, S3_ACCESS_KEY=_ACCESS, S3_SECRET_KEY=_SECRET,
        MEDIA_ORIGIN=bucket,
    )  # fmt: skip
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def tried(place: Stack) -> dict[str, Any]:
    """What the storage of a process beside the product did and saw."""
    found: dict[str, Any] = json.loads(place.python(_TRY))
    return found


@pytest.fixture(scope="module")
def film(place: Stack) -> dict[str, Any]:
    """A film made there."""
    program = native(place.site, place.facts["test_key"])
    return settled(program, program.post("/generations", FILM).json()["id"])


def test_what_is_put_again_replaces_what_was_there(tried: dict[str, Any]) -> None:
    assert (tried["before"], tried["size"], tried["whole"]) == (-1, 256_000, True)


def test_a_walk_goes_on_behind_a_key_and_knows_when_each_was_written(
    tried: dict[str, Any],
) -> None:
    assert tried["listed"] == ["inputs/walk/b", "inputs/walk/c"]
    assert (tried["written"], tried["nothing"]) == (True, None)


def test_a_signed_link_gives_ranges_and_the_name_to_save_it_under(tried: dict[str, Any]) -> None:
    whole = requests.get(tried["link"], timeout=60)
    part = requests.get(tried["link"], headers={"Range": "bytes=256-511"}, timeout=60)
    assert (whole.status_code, len(whole.content)) == (200, 256_000)
    assert whole.headers["Content-Disposition"] == 'inline; filename="one.mp4"'
    assert (part.status_code, part.content) == (206, bytes(range(256)))
    assert part.headers["Content-Range"] == "bytes 256-511/256000"


def test_without_its_signature_or_with_another_the_bucket_stays_shut(
    tried: dict[str, Any],
) -> None:
    plain, _, _ = tried["link"].partition("?")
    assert requests.get(plain, timeout=60).status_code == 403
    other = tried["link"].replace("one.mp4?", "two.mp4?")
    assert requests.get(other, timeout=60).status_code == 403


def test_a_film_lies_in_the_bucket_and_plays_from_there(
    place: Stack, bucket: str, film: dict[str, Any]
) -> None:
    assert film["status"] == "succeeded", film["error"]
    assert film["video"]["url"].startswith(f"{bucket}/{_BUCKET}/films/{film['id']}/")
    stored = requests.get(film["video"]["url"], timeout=60).content
    assert (len(stored), stored[4:8]) == (film["video"]["bytes"], b"ftyp")
    assert requests.get(film["video"]["poster_url"], timeout=60).content[8:12] == b"WEBP"
    assert not (place.folder / "media").exists()


def test_pages_may_show_films_from_the_bucket_and_from_nowhere_else(
    place: Stack, bucket: str
) -> None:
    policy = requests.get(place.site, timeout=60).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";") if " " in rule.strip())
    assert rules["media-src"].split() == ["'self'", "blob:", bucket]


def test_orphans_in_the_bucket_go_and_what_is_named_stays(
    place: Stack, film: dict[str, Any]
) -> None:
    seen = json.loads(place.python(_ORPHANS).splitlines()[-1])
    assert dict(seen["found"]) == {f"inputs/1/{'ab' * 32}": "deleted", "films/test/one.mp4": ""}
    assert seen["left"] == -1
    assert requests.get(film["video"]["url"], timeout=60).status_code == 200


def test_a_large_file_is_sent_to_the_bucket_itself_and_only_the_one_that_was_announced(
    place: Stack, bucket: str
) -> None:
    program, raw = native(place.site, place.facts["test_key"]), picture(480, 480)
    told = {"content_type": "image/jpeg", "bytes": len(raw)}
    told["sha256"] = hashlib.sha256(raw).hexdigest()
    there = program.post("/uploads/presign", told).json()
    url, headers = there["url"], there["headers"]
    assert url.startswith(f"{bucket}/{_BUCKET}/presigned/")
    signed = parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"][0].split(";")
    assert set(signed) >= {"content-length", "content-type", "host", "x-amz-checksum-sha256"}
    for body, other in ((raw, {"Content-Type": "text/html"}), (raw + b"more", {})):
        length = {"Content-Length": str(len(body))}
        wrong = requests.put(url, body, headers={**headers, **length, **other}, timeout=60)
        assert wrong.status_code == 403
    complete = f"/uploads/{there['id']}/complete"
    assert program.post(complete).json()["code"] == "not_sent"
    assert requests.put(url, raw, headers=headers, timeout=60).status_code == 200
    upload = program.post(complete).json()
    assert (upload["id"], upload["width"]) == (there["id"], 480)
    left = "from generations import storage; print(storage.size({key!r}))"
    key = urlsplit(url).path.removeprefix(f"/{_BUCKET}/")
    setup = _TRY.partition("from generations")[0]
    assert place.python(setup + left.format(key=key)).split()[-1] == "-1"
