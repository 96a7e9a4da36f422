"""Images that customers send: what is refused, what is stored, and what is no longer in it."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from accounts import tenancy
from generations import pictures, storage, uploads
from generations.catalogue import media
from generations.catalogue.params import DynamicMask, Params
from generations.errors import InvalidRequest
from generations.models import Protocol, Upload
from tests.generations.orders import actor, parked
from tests.generations.programs import funded
from tests.generations.scripted import account_at
from tests.people import Customer, customer


@pytest.fixture(scope="module")
def alice() -> Customer:
    """Somebody with pictures."""
    return customer()


def picture(
    width: int = 400, height: int = 400, kind: str = "JPEG", mode: str = "RGB", **more: object
) -> bytes:
    out = io.BytesIO()
    image = Image.effect_mandelbrot((width, height), (-2, -1.5, 1, 1.5), 8).convert(mode)
    image.save(out, kind, **more)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kB that unfolds to width × height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = zlib.compress(b"\0" * ((width + 7) // 8 + 1) * height, 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def stored(of: Customer) -> int:
    with tenancy.scope(of.organisation.pk):
        return Upload.objects.filter(organisation=of.organisation).count()


def files(of: Customer) -> int:
    folder = Path(settings.MEDIA_ROOT) / "inputs" / str(of.organisation.pk)
    return len(list(folder.iterdir())) if folder.exists() else 0


REFUSED = {
    "100 megapixels": (bomb(10_000, 10_000), "decoded"),
    "196 megapixels": (bomb(14_000, 14_000), "decoded"),
    "49 megapixels": (bomb(7_000, 7_000), "at most 40 million"),
    "nothing": (b"", "not a JPEG, PNG or WebP"),
    "HTML": (b"<html><img src=x></html>", "not a JPEG, PNG or WebP"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a JPEG, PNG or WebP"),
    "GIF": (picture(kind="GIF"), "not a JPEG, PNG or WebP"),
    "BMP": (picture(kind="BMP"), "not a JPEG, PNG or WebP"),
    "TIFF": (picture(kind="TIFF"), "not a JPEG, PNG or WebP"),
    "cut JPEG": (picture()[:2000], "not a JPEG, PNG or WebP"),
    "cut PNG": (picture(kind="PNG")[:2000], "not a JPEG, PNG or WebP"),
    "a PNG's first bytes": (b"\x89PNG\r\n\x1a\n", "not a JPEG, PNG or WebP"),
    "too small": (picture(299, 400), "at least 300"),
    "too wide": (picture(752, 300), "2.5:1"),
    "too tall": (picture(300, 752), "2.5:1"),
    "11 MB": (picture() + b"\0" * 11 * 1024 * 1024, "10 MB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_image_is_refused_by_name_and_leaves_nothing(alice: Customer, name: str) -> None:
    raw, says = REFUSED[name]
    before = stored(alice), files(alice)
    with pytest.raises(InvalidRequest) as refusal:
        uploads.store(actor(alice), raw, field="image_tail")
    assert refusal.value.facts["violations"][0]["field"] == "image_tail"
    assert says in refusal.value.facts["violations"][0]["message"]
    assert (stored(alice), files(alice)) == before


def test_what_is_none_of_those_taken_is_told_all_that_are(alice: Customer) -> None:
    for raw in (b"", b"a list of what to buy"):
        with pytest.raises(InvalidRequest, match=r"image \(JPEG.* film \(MP4.* sound \(MP3"):
            uploads.store_any(actor(alice), raw, field="file")


def test_every_bad_image_of_an_order_is_named_at_once(alice: Customer) -> None:
    small = base64.b64encode(picture(299, 400)).decode()
    mask = DynamicMask(mask="upl_unknown", trajectories=((0, 0), (9, 9)))
    order = Params(model="kling-v1", image=small, image_tail=small, dynamic_masks=(mask,))
    with pytest.raises(InvalidRequest) as refusal:
        uploads.take_in(actor(alice), order)
    fields = [violation["field"] for violation in refusal.value.violations]
    assert fields == ["image", "image_tail", "dynamic_masks[0].mask"]


@pytest.mark.parametrize(
    ("raw", "content_type", "size"),
    [
        (picture(300, 300), "image/jpeg", (300, 300)),
        (picture(750, 300, "PNG"), "image/jpeg", (750, 300)),
        (picture(300, 750, "WEBP"), "image/jpeg", (300, 750)),
        (picture(400, 300, "PNG", "RGBA"), "image/png", (400, 300)),
        (picture(400, 300, "PNG", "P"), "image/png", (400, 300)),
        (picture(400, 300, "JPEG", "CMYK"), "image/jpeg", (400, 300)),
        (picture(400, 300, "PNG", "L"), "image/jpeg", (400, 300)),
    ],
    ids=["least JPEG", "widest PNG", "tallest WebP", "see-through", "palette", "CMYK", "grey"],
)
def test_a_good_image_is_stored_re_encoded(
    alice: Customer, raw: bytes, content_type: str, size: tuple[int, int]
) -> None:
    upload = uploads.store(actor(alice), raw)
    with storage.open_file(upload.key) as file:
        kept = file.read()
    assert (upload.content_type, upload.width, upload.height) == (content_type, *size)
    assert (upload.bytes, Image.open(io.BytesIO(kept)).size) == (len(kept), size)


def test_where_it_was_taken_is_not_kept_and_it_stands_upright(alice: Customer) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    exif[0x010F] = "SECRET CAMERA"
    raw = picture(600, 400, exif=exif.tobytes(), comment=b"SECRET PLACE", xmp=b"<x>SECRET NAME</x>")
    assert raw.count(b"SECRET") == 3
    upload = uploads.store(actor(alice), raw)
    with storage.open_file(upload.key) as file:
        kept = file.read()
    assert b"SECRET" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()
    assert (upload.width, upload.height) == (400, 600)


def test_what_is_hidden_behind_an_image_is_not_kept(alice: Customer) -> None:
    upload = uploads.store(actor(alice), picture(320, 320) + b"<script>alert(1)</script>")
    with storage.open_file(upload.key) as file:
        assert b"script" not in file.read()


def test_the_same_image_is_one_upload_for_each_customer_and_mode(alice: Customer) -> None:
    raw = picture(333, 333)
    first = uploads.store(actor(alice), raw)
    assert uploads.store(actor(alice), raw).public_id == first.public_id
    live = uploads.store(actor(alice, livemode=True), raw)
    other = uploads.store(actor(customer("mallory")), raw)
    assert len({first.public_id, live.public_id, other.public_id}) == 3


def test_an_order_takes_base64_and_data_addresses_and_refuses_the_rest(alice: Customer) -> None:
    plain = base64.b64encode(picture(310, 310)).decode()
    for image in (plain, f"data:image/jpeg;base64,{plain}"):
        taken = uploads.take_in(actor(alice), Params(model="kling-v1", image=image))
        assert taken.image is not None
        assert taken.image.startswith("upl_")
    for image, code in (("not base64!", "not_an_image"), ("upl_unknown", "unknown_upload")):
        with pytest.raises(InvalidRequest) as refusal:
            uploads.take_in(actor(alice), Params(model="kling-v1", image=image))
        assert refusal.value.facts["violations"][0]["code"] == code


def test_an_upload_of_somebody_else_is_unknown(alice: Customer) -> None:
    mine = uploads.store(actor(alice), picture(340, 340))
    mallory = customer("mallory")
    with pytest.raises(InvalidRequest, match="there is no upload"):
        uploads.take_in(actor(mallory), Params(model="kling-v1", image=mine.public_id))
    with pytest.raises(InvalidRequest):
        uploads.take_in(actor(alice, livemode=True), Params(model="kling-v1", image=mine.public_id))


def test_masks_and_paths_that_do_not_fit_the_image_are_refused(alice: Customer) -> None:
    image, half, wide = (
        uploads.store(actor(alice), picture(*size)).public_id
        for size in ((640, 480), (321, 300), (640, 360))
    )
    near = base64.b64encode(picture(961, 720)).decode()

    def brushed(static: str, mask: str, point: tuple[int, int]) -> list[str]:
        moved = (DynamicMask(mask, ((0, 0), point)),)
        order = Params(model="kling-v1", image=image, static_mask=static, dynamic_masks=moved)
        try:
            uploads.take_in(actor(alice), order)
        except InvalidRequest as refusal:
            return [f"{v['field']} {v['code']}" for v in refusal.violations]
        return []

    assert brushed(near, image, (640, 480)) == []
    assert brushed("https://example.com/mask.png", near, (640, 480)) == []
    assert brushed(wide, half, (640, 481)) == [
        "dynamic_masks[0].mask bad_image",
        "static_mask bad_image",
        "dynamic_masks[0].trajectories out_of_range",
    ]
    masked = Params(model="kling-v1", image=image, static_mask=wide)
    with pytest.raises(InvalidRequest, match="640×360 pixels, and the image has 640×480"):
        uploads.take_in(actor(alice), masked)


def test_a_mask_is_an_address_or_an_upload_of_ones_own_by_the_same_rule(alice: Customer) -> None:
    def taken(mask: str) -> str:
        params = Params(model="kling-v1", dynamic_masks=(DynamicMask(mask, ()),))
        return uploads.take_in(actor(alice), params).dynamic_masks[0].mask

    mine = uploads.store(actor(alice), picture(350, 350)).public_id
    assert taken(mine) == mine
    assert taken("HTTPS://example.com/mask.png") == "HTTPS://example.com/mask.png"
    for mask in ("upl_unknown", "http", "httpsomething"):
        with pytest.raises(InvalidRequest):
            taken(mask)


def test_an_image_that_unfolds_too_far_is_handed_over_uncropped() -> None:
    for raw in (bomb(14_000, 14_000), bomb(7_000, 7_000), b"no image"):
        assert pictures._cropped(raw, "16:9") == raw
    assert Image.open(io.BytesIO(pictures._cropped(picture(400, 400), "2:1"))).size == (400, 200)


def test_a_cropped_last_frame_is_not_handed_over_for_the_first() -> None:
    bob = funded()
    first, last = (uploads.store(actor(bob), picture(s, s)).public_id for s in (400, 500))
    order = parked(bob, model="kling-v1-6", mode="pro", image=first, image_tail=last)
    order.params = {**order.params, "aspect_ratio": "16:9"}  # as Segmind's door takes it
    account = account_at("http://127.0.0.1:1", Protocol.KLING_2026)
    sent = pictures.for_upstream(order, account)
    sizes = []
    for field in ("image", "image_tail"):
        assert f"{order.public_id}-{field}-cropped.jpg" in str(getattr(sent, field))
        key = f"inputs/{order.organisation_id}/{order.public_id}-{field}-cropped.jpg"
        with storage.open_file(key) as file:
            sizes.append(Image.open(file).size)
    assert sizes == [(400, 225), (500, 281)]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_the_upload_door_takes_an_order_takes_too(kind: str) -> None:
    plain = base64.b64encode(picture(310, 310, kind)).decode()
    assert media.normalise(f"data:image/{kind.lower()};base64,{plain}") == plain
