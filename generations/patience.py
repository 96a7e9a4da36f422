"""How long films are waited for when something is wrong; what follows from what is said here."""

from __future__ import annotations

from datetime import timedelta

LATE_FOR = timedelta(hours=24)  # an upstream is asked for what was given up, from its end on
STORAGE = timedelta(hours=24)  # a film waits so long for our own storage, from when it was made
DEADLINE_GRACE = timedelta(hours=1)  # beyond it nothing may be held: workers were away, or stuck
STORAGE_GRACE = STORAGE + DEADLINE_GRACE  # nor beyond this what waits for our storage
