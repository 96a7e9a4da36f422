"""A file that a customer may send past the API: to the storage, or to a signed address of ours."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantRow
from generations.models.upload import new_upload_id


class Incoming(TenantRow):
    """What was announced; nothing of it is believed before it is here and was looked at.

    `public_id` becomes the upload's, unless the same file was sent before: `became` says which.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_upload_id)
    content_type = models.CharField(max_length=20)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    expires_at = models.DateTimeField(help_text="Until then it may be sent.")
    became = models.CharField(max_length=40, blank=True, help_text="The upload's id.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="incoming_age")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def key(self) -> str:
        """Where it lies until it is an upload."""
        return f"presigned/{self.organisation_id}/{self.public_id}"
