"""Images, films and sounds sent once and named by id in any number of orders."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.parsers import MultiPartParser

from accounts.api.endpoint import Endpoint
from generations import sending, uploads
from generations.api.bodies import body, required
from generations.catalogue.reading import Reader
from generations.errors import InvalidRequest
from generations.models import Upload
from kling_saas.api import pagination
from kling_saas.api.errors import BodyTooLarge, UnsupportedMediaType
from kling_saas.api.parsing import body_of
from kling_saas.lib.moments import iso

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class UploadsView(Endpoint):
    """/api/v1/uploads: images, and the films and sounds that other products begin with."""

    for_end_users = True

    parser_classes = (MultiPartParser,)
    takes = pagination.paged()

    def get(self, request: HttpRequest) -> JsonResponse:
        """All, newest first in pages."""
        page = pagination.wanted(request)
        found = sending.page(self.actor, after=page.after, limit=page.limit)
        return JsonResponse(pagination.as_json([_told(u) for u in found.uploads], found.after))

    def post(self, request: HttpRequest) -> JsonResponse:
        """A file as the body itself, or as `file` of a form; the same bytes give the same id."""
        upload = uploads.store_any(self.actor, _content(request), field="file")
        return JsonResponse(_told(upload), status=201)


class UploadView(Endpoint):
    """/api/v1/uploads/{id}"""

    def get(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """One of them."""
        return JsonResponse(_told(sending.find(self.actor, public_id)))

    def delete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Delete it, unless an order under way needs it."""
        sending.delete(self.actor, public_id)
        return HttpResponse(status=204)


class PresignView(Endpoint):
    """/api/v1/uploads/presign"""

    def post(self, request: HttpRequest) -> JsonResponse:
        """An address that takes one file, the one that is told of here."""
        with body(request, "content_type", "bytes", "sha256") as reader:
            content_type = reader.choice("content_type", sending.TYPES, {}) or ""
            required(reader, "content_type")
            size = _size(reader, content_type)
            sha256 = _sha256(reader)
        place = sending.announce(self.actor, content_type=content_type, size=size, sha256=sha256)
        return JsonResponse(
            {
                "id": place.incoming.public_id,
                "object": "upload_address",
                "method": "PUT",
                "url": place.url,
                "headers": place.headers,
                "expires_at": iso(place.incoming.expires_at),
            },
            status=201,
        )


class CompleteView(Endpoint):
    """/api/v1/uploads/{id}/complete"""

    def post(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """The upload that was made of what was sent. Repeatable."""
        return JsonResponse(_told(sending.complete(self.actor, public_id)))


class IncomingView(Endpoint):
    """/api/v1/uploads/incoming/{token}: for whoever was given the address."""

    authentication_classes = ()
    permission_classes = ()

    def put(self, request: HttpRequest, token: str) -> HttpResponse:
        """The file as the body, read piece by piece."""
        incoming = sending.expected(token)
        if request.headers.get("Content-Type", "") != incoming.content_type:
            raise UnsupportedMediaType(f"Send it with `Content-Type: {incoming.content_type}`.")
        if request.headers.get("Content-Length", "") != str(incoming.bytes):
            raise InvalidRequest.one(
                "bytes",
                "conflict",
                f"bytes: {incoming.bytes} were announced: send that `Content-Length`.",
            )
        sending.receive(incoming, request.read)
        return HttpResponse(status=200)


def _size(reader: Reader, content_type: str) -> int:
    value = reader.whole("bytes")
    limit = sending.most(content_type)
    if required(reader, "bytes") and value is not None and not 1 <= value <= limit:
        reader.findings.refuse(
            "bytes",
            "out_of_range",
            f"must be from 1 to {limit}",
            limit=str(limit),
            way_out="send a smaller file",
        )
    return value or 0


def _sha256(reader: Reader) -> str:
    value = (reader.text("sha256", 64) or "").lower()
    if required(reader, "sha256") and not _SHA256.fullmatch(value):
        reader.wrong_type("sha256", "64 hexadecimal digits")
    return value


def _told(upload: Upload) -> dict[str, Any]:
    length = upload.duration_ms
    return {
        "id": upload.public_id,
        "object": "upload",
        "livemode": upload.livemode,
        "content_type": upload.content_type,
        "bytes": upload.bytes,
        "width": upload.width or None,
        "height": upload.height or None,
        "duration": None if length is None else round(length / 1000, 3),
        "sha256": upload.sha256,
        "created_at": iso(upload.created_at),
    }


def _content(request: HttpRequest) -> bytes:
    if not (request.content_type or "").startswith("multipart/form-data"):
        return body_of(request)
    file = request.FILES.get("file")
    if file is None:
        raise InvalidRequest.one("file", "required", "file is missing: send it as `file`.")
    if file.size is None or file.size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
        raise BodyTooLarge(f"A file has at most {most} MB: announce a larger one (presign).")
    return bytes(file.read())
