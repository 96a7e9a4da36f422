"""Steps that do a part of their work each, repeated while there is more, and not for ever."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from kling_saas.lib.database import DATABASE_GONE

log = logging.getLogger(__name__)


def while_due(step: Callable[[], object], *, within: float) -> None:
    """Steps that begin `within` seconds from now, the first in any case, until one finds nothing
    to do.
    """
    began = time.monotonic()
    while step() and time.monotonic() - began < within:
        continue


def each(steps: Iterable[Callable[[], object]], *, within: float = 0.0) -> None:
    """Each of them while it is due, `within` seconds for each: 0 is once.

    One's trouble is logged and does not keep the others, but a database that is away.
    """
    for step in steps:
        try:
            while_due(step, within=within)
        except DATABASE_GONE:
            raise
        except Exception:
            log.exception("%s failed", step.__name__)
