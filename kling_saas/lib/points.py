"""Named places where work may be cut off: a campaign lets it die there; elsewhere nothing happens.

Each place is between two things that must not be torn apart for good: a commit and the next one,
a request and the record of its answer.
"""

from __future__ import annotations

from collections.abc import Callable

Watcher = Callable[[str], None]
_watcher: Watcher | None = None


def passing(point: str) -> None:
    """The work is at `point`. Whatever a campaign's watcher raises comes out of here."""
    if _watcher is not None:
        _watcher(point)


def watched_by(watcher: Watcher | None) -> None:
    """Tell `watcher` of every point from now on, in this process; None: nobody."""
    global _watcher
    _watcher = watcher
