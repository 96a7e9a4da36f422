"""What a request to OpenAI's door carries: JSON, or a form with the reference image as a file."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from accounts.actors import Actor
from generations import uploads
from generations.compat import doors
from generations.wire.openai.server import REFERENCE
from kling_saas.api.errors import BodyTooLarge
from kling_saas.lib.refusals import InvalidBody

_INNER = re.compile(r"(\w+)\[(\w+)\]", re.ASCII)


def body_of(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    """The parameters; a file becomes the id of an upload. Raises InvalidBody, BodyTooLarge and
    InvalidRequest.
    """
    if not (request.content_type or "").startswith("multipart/form-data"):
        return doors.body_json(request)
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    announced = request.META.get("CONTENT_LENGTH") or ""
    if announced.isdecimal() and int(announced) > most:  # files are not held back by Django
        raise BodyTooLarge(f"A form has at most {most // 2**20} MB: send smaller files.")
    try:
        sent = _fields(request) | request.FILES.dict()
    except (MultiPartParserError, SuspiciousOperation, UnicodeError) as error:
        raise InvalidBody(f"The body is no form: {error}.") from None
    file = sent.get(REFERENCE)
    if isinstance(file, UploadedFile):
        raw = uploads.read(file, field=REFERENCE)
        sent[REFERENCE] = uploads.store(actor, raw, field=REFERENCE).public_id
    return sent


def _fields(request: HttpRequest) -> dict[str, Any]:
    """`input_reference[image_url]` is a member of an object, as the client writes it."""
    sent: dict[str, Any] = {}
    for name, value in request.POST.items():
        inner = _INNER.fullmatch(name)
        if inner and isinstance(sent.setdefault(inner[1], {}), dict):
            sent[inner[1]][inner[2]] = value
        else:
            sent[name] = value
    return sent
