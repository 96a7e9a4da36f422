"""Lanes: the accounts that can make an order. Every order keeps its own, so that the database finds
its turn; what changes about accounts changes lanes, and is noticed here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable
from dataclasses import dataclass

from accounts import tenancy
from generations import routing
from generations.models import Generation
from generations.standing import WITH_NOBODY, WITH_NOBODY_SQL

log = logging.getLogger(__name__)
_SETTLING = 60.0  # seconds in which another process may still route by what was
_ALL_THE_SAME = 300.0  # seconds


@dataclass(slots=True)
class _Seen:
    """How accounts stood, and until when orders are still to be compared with that."""

    standing: Hashable = None
    until: float = 0.0
    again: float = 0.0


_seen = _Seen()
# Two orders that differ in nothing else can be made by the same accounts.
_ONE_OF_EACH = f"""
SELECT DISTINCT ON (livemode, lane, model, kind, shape)
       id, public_id, organisation_id, livemode, lane, model, kind, params,
       params - ARRAY['prompt', 'negative_prompt', 'image', 'image_tail', 'seed', 'text'] AS shape
  FROM generations_generation
 WHERE {WITH_NOBODY_SQL}
   AND finished_at IS NULL AND lane IS NOT NULL
 ORDER BY livemode, lane, model, kind, shape, id
"""  # noqa: S608 - a constant


def refresh() -> int:
    """Take orders out of lanes that are not theirs any more; how many.

    Without a lane they are looked at in turn, and get the right one then. While accounts stand as
    they did, orders are looked through every five minutes only.
    """
    standing, now = routing.standing(), time.monotonic()
    if standing != _seen.standing:
        _seen.standing, _seen.until = standing, now + _SETTLING
    elif now > _seen.until and now < _seen.again:
        return 0
    _seen.again = now + _ALL_THE_SAME
    with tenancy.system("accounts are the same for every tenant"):
        strays = [one for one in Generation.objects.raw(_ONE_OF_EACH).iterator() if _strays(one)]
        return sum(
            Generation.objects.filter(
                WITH_NOBODY,
                finished_at=None,
                livemode=one.livemode,
                lane=one.lane,
                model=one.model,
                kind=one.kind,
            ).update(lane=None)
            for one in strays
        )


def _strays(one: Generation) -> bool:
    """Whether its lane is another by now, or nobody can say: then its own step will."""
    try:
        return routing.lane_of(routing.able(one.order(), livemode=one.livemode)) != one.lane
    except Exception:  # one order's trouble must not keep all others in their lanes
        log.exception("%s: its lane cannot be found", one.public_id)
        return True
