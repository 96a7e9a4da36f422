"""News from upstreams. A callback is a hint: it only makes the next look due now.

The address carries an unguessable token per generation; the body is not believed.
"""

from __future__ import annotations

from django.db.models.functions import Now

from accounts import tenancy
from generations.models import Generation, Status


def received(token: str) -> bool:
    """Look at the generation behind `token` at once. False when there is none in flight."""
    with tenancy.system("a callback names a generation, not a tenant"):
        changed = Generation.objects.filter(
            callback_token=token, status=Status.IN_FLIGHT, next_run_at__gt=Now()
        ).update(next_run_at=Now())
    return bool(changed)
