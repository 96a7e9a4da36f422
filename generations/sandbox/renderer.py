"""What a render process does: fetch the pictures of an order, then draw its film."""

from __future__ import annotations

import base64
import binascii
import os
import signal
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from generations.catalogue import media
from generations.catalogue.params import Params
from generations.sandbox.settings import Profile

_PICTURE_LIMIT = media.IMAGE_MAX_BYTES


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
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        first, last = picture(params.image, hosts), picture(params.image_tail, hosts)
        render(params, profile=profile, path=draft, first=first, last=last)
        draft.replace(path)
    except OSError as trouble:
        return f"the image cannot be read: {trouble}"
    finally:
        draft.unlink(missing_ok=True)
    return ""


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
    return _fetch(image) if urlsplit(image).hostname in hosts else None


def _fetch(address: str) -> bytes:
    import httpx

    content = bytearray()
    try:
        with httpx.stream("GET", address, timeout=10, trust_env=False) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > _PICTURE_LIMIT:
                    raise OSError("it is larger than 10 MB")
    except httpx.HTTPError as trouble:
        raise OSError(f"{type(trouble).__name__} at {address}") from trouble
    return bytes(content)
