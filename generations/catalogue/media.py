"""What counts as an image in a request: an address, an upload id, a data URI or base64.

Only syntax, size and the first bytes are checked here; pixels are looked at when it is fetched.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import urlsplit

IMAGE_MAX_BYTES = 10 * 1024 * 1024  # Kling's own limit (its API documentation, input limits)
ADDRESS_MAX = 4096
KINDS = "JPEG, PNG or WebP"
LIMITS = f"{KINDS} to 10 MB, 300 pixels a side and more"
FORMS = "an http(s) address, an upload id (upl_…), a data URI or base64"

_UPLOAD = re.compile(r"upl_[A-Za-z0-9_-]{1,80}")
_DATA_URI = re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)


class BadMedia(ValueError):
    """Not an image we can take; the text continues a sentence that begins with the field."""


def is_address(image: str) -> bool:
    """Whether a normalised image is an http(s) address rather than an id or base64."""
    return _ADDRESS.match(image) is not None


def is_upload(image: str) -> bool:
    """Whether a normalised image is the id of an upload of ours."""
    return _UPLOAD.fullmatch(image) is not None


def is_image(content: bytes) -> bool:
    """Whether it begins as a JPEG, PNG or WebP does."""
    return _SIGNATURE.match(content) is not None


def normalise(image: str) -> str:
    """The image as `Params` holds it: base64 without `data:` and blanks. Raises BadMedia."""
    if is_upload(image):
        return image
    if is_address(image):
        _check_address(image)
        return image
    prefix = _DATA_URI.match(image)
    encoded = image[prefix.end() :] if prefix else image
    _check_base64(encoded)
    return "".join(encoded.split())


def _check_address(address: str) -> None:
    if len(address) > ADDRESS_MAX:
        raise BadMedia(f"is an address of more than {ADDRESS_MAX} characters")
    if not address.isprintable() or " " in address:
        raise BadMedia("is an address with blanks or control characters in it")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise BadMedia("is not a complete http(s) address")


def _check_base64(encoded: str) -> None:
    if len(encoded) > IMAGE_MAX_BYTES * 3 // 2:
        raise BadMedia("is larger than 10 MB")
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadMedia(f"is not {FORMS}") from None
    if not _SIGNATURE.match(content):
        raise BadMedia(f"is not a {KINDS} image")
    if len(content) > IMAGE_MAX_BYTES:
        raise BadMedia("is larger than 10 MB")
