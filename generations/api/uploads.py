"""Images sent once and named by id in any number of orders."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from rest_framework.parsers import MultiPartParser

from accounts.api.endpoint import Endpoint
from generations import uploads
from generations.errors import InvalidRequest
from kling_saas.api.errors import BodyTooLarge
from kling_saas.api.parsing import body_of


class UploadsView(Endpoint):
    """/api/v1/uploads"""

    parser_classes = (MultiPartParser,)

    def post(self, request: HttpRequest) -> JsonResponse:
        """An image as the body itself, or as `file` of a form; the same bytes give the same id."""
        upload = uploads.store(self.actor, _image(request), field="file")
        return JsonResponse(
            {
                "id": upload.public_id,
                "object": "upload",
                "livemode": upload.livemode,
                "content_type": upload.content_type,
                "bytes": upload.bytes,
                "width": upload.width,
                "height": upload.height,
                "sha256": upload.sha256,
                "created_at": upload.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            },
            status=201,
        )


def _image(request: HttpRequest) -> bytes:
    if not (request.content_type or "").startswith("multipart/form-data"):
        return body_of(request)
    file = request.FILES.get("file")
    if file is None:
        raise InvalidRequest.one("file", "required", "file is missing: send the image as it.")
    if file.size is None or file.size > uploads.MAX_BYTES:
        raise BodyTooLarge(f"An image has {uploads.TOO_LARGE}")
    return bytes(file.read())
