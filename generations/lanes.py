"""Lanes: the accounts an order waits for. Every order keeps its own, so that its turn is found by
the database; what changes about accounts changes lanes, and is noticed here.
"""

from __future__ import annotations

from accounts import tenancy
from generations import routing
from generations.models import Generation, Status

_ONE_OF_EACH = """
SELECT DISTINCT ON (livemode, lane, model, kind) * FROM generations_generation
 WHERE status = 'accepted' AND finished_at IS NULL AND lane IS NOT NULL
 ORDER BY livemode, lane, model, kind, id
"""


def refresh() -> int:
    """Take orders out of lanes that are not theirs any more; how many.

    The first of each lane and model speaks for its kind: without a lane they are looked at in
    turn, and get the right one then.
    """
    with tenancy.system("accounts are the same for every tenant"):
        moved = 0
        for first in Generation.objects.raw(_ONE_OF_EACH):
            able = routing.able(first.order(), livemode=first.livemode)
            if routing.lane_of(able) != first.lane:
                moved += Generation.objects.filter(
                    status=Status.ACCEPTED,
                    finished_at=None,
                    livemode=first.livemode,
                    lane=first.lane,
                    model=first.model,
                    kind=first.kind,
                ).update(lane=None)
        return moved
