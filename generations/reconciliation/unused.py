"""Uploads that no generation refers to: of orders that were refused, of quotes and dry runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import tenancy
from generations import uploads
from generations.models import Upload
from generations.reconciliation.finding import Finding, Kind, Look, Page

_BATCH = 500
# One statement: an order that is being accepted holds the row's lock and has set `used_at`, which
# PostgreSQL looks at again when the lock is free. An upload that is deleted first is not found by
# the order, which is refused.
_DELETE = """
DELETE FROM generations_upload
 WHERE id = ANY (%s) AND used_at IS NULL AND sent_at < %s
RETURNING id, public_id, key
"""


def forgotten(look: Look) -> Page:
    """The next few hundred. Rows go first: a file without a row is found again as an orphan."""
    limit = timezone.now() - timedelta(days=settings.UPLOAD_DAYS)
    with tenancy.system("uploads of every tenant are kept equally long"):
        old = Upload.objects.filter(used_at=None, sent_at__lt=limit, pk__gt=int(look.after or 0))
        rows = list(old.order_by("pk").values_list("pk", "public_id", "key")[:_BATCH])
        gone = _deleted([pk for pk, _, _ in rows], limit) if look.mend else rows
    for _, _, key in gone if look.mend else ():
        uploads.remove_file(key)
    says = f"sent {settings.UPLOAD_DAYS} days ago or earlier, and in no order"
    findings = (Finding(Kind.UNUSED, upload, says, "deleted") for _, upload, _ in gone)
    return Page(tuple(findings), str(rows[-1][0]) if len(rows) == _BATCH else "")


def _deleted(rows: list[int], limit: datetime) -> list[tuple[int, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, [rows, limit])
        return list(cursor.fetchall())
