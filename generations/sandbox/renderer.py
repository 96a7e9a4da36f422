"""What a render process does: fetch the pictures of an order, then draw its film."""

from __future__ import annotations

import base64
import binascii
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from generations.catalogue import media
from generations.catalogue.params import Params
from generations.catalogue.products import registry as products
from generations.catalogue.products.product import films, pictures
from generations.sandbox.settings import Profile

if TYPE_CHECKING:
    from generations.sandbox.film import works

_PICTURE_LIMIT = media.IMAGE_MAX_BYTES
WAV = ".wav"
FACE = ".jpg"
MARKED = ".marked"  # ends the name of the file that has the watermark
FILE = "file:"  # begins the name of a film or sound that was taken in


def start(parent: int) -> None:
    """Prepare a render process: stay polite, leave Ctrl-C to the parent, die with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(5)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    """A killed server closes no pipe its children hold, so they must notice by themselves."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def warm_up() -> None:
    """Load the film maker, so that the first film does not wait for it."""
    __import__("generations.sandbox.film")


def make(order: dict[str, object], profile: Profile, path: Path, hosts: frozenset[str]) -> str:
    """Write the film to `path`, whole or not at all. Returns why it cannot be made, else ""."""
    from generations.sandbox.film import render

    if path.exists():
        return ""
    params = Params.from_json(order)
    if params.task:
        return _make_product(params, profile, path, hosts)
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        first, last = picture(params.image, hosts), picture(params.image_tail, hosts)
        masks = [picture(each.mask, hosts) for each in params.dynamic_masks]
        render(params, profile=profile, path=draft, first=first, last=last, masks=masks)
        _keep_marked(params, draft, path)
        draft.replace(path)
    except OSError as trouble:
        return f"the image cannot be read: {trouble}"
    finally:
        draft.unlink(missing_ok=True)
    return ""


def _make_product(params: Params, profile: Profile, path: Path, hosts: frozenset[str]) -> str:
    """As `make`, for what has no film of its own: a sound lies beside the film it goes with."""
    from generations.sandbox.film import works
    from generations.sounds import as_wav

    film, track = (path.with_suffix(f".{os.getpid()}{end}.part") for end in (".mp4", ".mp3"))
    try:
        works.make(_job(params, profile, film, track, hosts))
        if track.exists() and products.get(params.task).wav:
            as_wav(track, path.with_suffix(WAV))
        if film.exists():
            _keep_marked(params, film, path.with_suffix(".mp4"))
        for draft, suffix in ((track, ".mp3"), (film, ".mp4")):
            if draft.exists():
                draft.replace(path.with_suffix(suffix))
    except OSError as trouble:
        return f"what was sent cannot be read: {trouble}"
    finally:
        film.unlink(missing_ok=True)
        track.unlink(missing_ok=True)
    return ""


def _keep_marked(params: Params, draft: Path, path: Path) -> None:
    """Beside the film, before it, its twin with the watermark that was ordered."""
    from generations.sandbox.film.marked import write_marked

    if params.watermark:
        twin = draft.with_suffix(".marked.part")
        write_marked(draft, twin)
        twin.replace(path.with_suffix(MARKED))


def _job(
    params: Params, profile: Profile, film: Path, track: Path, hosts: frozenset[str]
) -> works.Job:
    from generations.sandbox.film import reel, stage, works

    product = products.get(params.task)
    given = [value for _, field, value in films(product, params) if field.medium == "video"]
    given += [str(params.inputs.get("video", ""))]
    heard = [value for _, field, value in films(product, params) if field.medium == "audio"]
    video, audio = _file(given, film.parent), _file(heard, film.parent)
    seen = (picture(value, hosts) for _, _, value in pictures(product, params))
    return works.Job(
        params=params,
        profile=profile,
        film=film,
        track=track,
        video=reel.open_reel(video) if video else None,
        audio=audio,
        pictures=tuple(stage.open_picture(content) for content in seen if content),
    )


def _file(values: list[str], folder: Path) -> Path | None:
    names = [value.removeprefix(FILE) for value in values if value.startswith(FILE)]
    return folder / names[0] if names and (folder / names[0]).exists() else None


def picture(image: str | None, hosts: frozenset[str]) -> bytes | None:
    """The picture's bytes; None where there is none or its host may not be asked.

    The sandbox makes no calls into the world: an address elsewhere is replaced by a painted scene.
    """
    if image is None:
        return None
    if not media.is_address(image):
        try:
            return base64.b64decode(image, validate=True)
        except (binascii.Error, ValueError):
            return None
    return fetch(image, _PICTURE_LIMIT) if urlsplit(image).hostname in hosts else None


def fetch(address: str, limit: int) -> bytes:
    """The content of an address. Raises OSError, also when it has more than `limit` bytes."""
    import httpx

    content = bytearray()
    try:
        with httpx.stream("GET", address, timeout=10, trust_env=False) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > limit:
                    raise OSError(f"it is larger than {limit // 2**20} MB")
    except httpx.HTTPStatusError as trouble:
        code = trouble.response.status_code
        raise OSError(f"its address answers HTTP {code}") from trouble
    except httpx.HTTPError as trouble:
        raise OSError("its address does not answer") from trouble
    return bytes(content)
