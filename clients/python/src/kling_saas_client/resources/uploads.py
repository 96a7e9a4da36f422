"""Images, films and sounds sent once, and named by id in any number of orders."""

from __future__ import annotations

from pathlib import Path

from kling_saas_client.api import PAGE, segment
from kling_saas_client.binding import K, iteration, operation
from kling_saas_client.decoding import decode, reader
from kling_saas_client.objects.films import Upload
from kling_saas_client.resources.resource import Resource
from kling_saas_client.sending import uploaded
from kling_saas_client.steps import Flow, Iteration


class Uploads(Resource[K]):
    """/uploads"""

    @operation
    def create(
        self,
        file: str | Path | bytes,
        *,
        content_type: str | None = None,
        presigned: bool | None = None,
    ) -> Flow[Upload]:
        """Send a file by its path, or its bytes; the same ones again are the same upload.

        Large files go straight to the storage; `presigned` says so, or not, for any.
        """
        return decode(Upload, (yield from uploaded(self.bound_to, file, content_type, presigned)))

    @iteration
    def list(self, *, page_size: int = PAGE) -> Iteration[Upload]:
        """All, newest first."""
        return self.bound_to.pages("/uploads", reader(Upload), {}, page_size)

    @operation
    def get(self, upload_id: str) -> Flow[Upload]:
        """One of them."""
        found = yield from self.bound_to.call("GET", f"/uploads/{segment(upload_id)}")
        return decode(Upload, found)

    @operation
    def delete(self, upload_id: str) -> Flow[None]:
        """Delete it. Raises Conflict while an order under way needs it."""
        request = self.bound_to.request("DELETE", f"/uploads/{segment(upload_id)}")
        yield from self.bound_to.send(request)
