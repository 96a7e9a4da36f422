"""Ring for an operator: in the log, and as a row that stays until somebody resolves it."""

from __future__ import annotations

import logging

from django.db.models import F
from django.db.models.functions import Now

from generations.models import Alarm, AlarmKind
from kling_saas.lib.logs import redact, storable

log = logging.getLogger(__name__)


def ring(kind: AlarmKind, subject: str, message: str) -> None:
    """One open row per kind and subject: the first ring makes it, further ones are counted."""
    text = redact(storable(message))[:500]
    log.error("alarm %s %s: %s", kind, subject, text)
    known = Alarm.objects.filter(kind=kind, subject=subject[:120], resolved_at=None)
    if not known.update(count=F("count") + 1, last_at=Now(), message=text):
        row = Alarm(kind=kind, subject=subject[:120], message=text)
        Alarm.objects.bulk_create([row], ignore_conflicts=True)
