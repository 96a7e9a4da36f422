"""Images, films and sounds sent once and named by id in any number of orders."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from rest_framework.parsers import MultiPartParser

from accounts.api.endpoint import Endpoint
from generations import uploads
from generations.errors import InvalidRequest
from kling_saas.api.errors import BodyTooLarge
from kling_saas.api.parsing import body_of


class UploadsView(Endpoint):
    """/api/v1/uploads: images, and the films and sounds that other products begin with."""

    parser_classes = (MultiPartParser,)

    def post(self, request: HttpRequest) -> JsonResponse:
        """A file as the body itself, or as `file` of a form; the same bytes give the same id."""
        upload = uploads.store_any(self.actor, _content(request), field="file")
        length = upload.duration_ms
        return JsonResponse(
            {
                "id": upload.public_id,
                "object": "upload",
                "livemode": upload.livemode,
                "content_type": upload.content_type,
                "bytes": upload.bytes,
                "width": upload.width or None,
                "height": upload.height or None,
                "duration": None if length is None else round(length / 1000, 3),
                "sha256": upload.sha256,
                "created_at": upload.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            },
            status=201,
        )


def _content(request: HttpRequest) -> bytes:
    if not (request.content_type or "").startswith("multipart/form-data"):
        return body_of(request)
    file = request.FILES.get("file")
    if file is None:
        raise InvalidRequest.one("file", "required", "file is missing: send it as `file`.")
    if file.size is None or file.size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
        raise BodyTooLarge(f"A file has at most {most} MB: name a larger one by its address.")
    return bytes(file.read())
