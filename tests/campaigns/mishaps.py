"""What may go wrong in a simulation, and how likely it is at each call."""

from __future__ import annotations

CREATE = (
    ("lost-request", 0.06), ("lost-reply", 0.06), ("late-reply", 0.05), ("late-nothing", 0.04),
    ("late-made", 0.08), ("refused-connection", 0.05), ("429", 0.05), ("503", 0.05),
    ("500-after", 0.04),
    ("moderation", 0.03),
)  # fmt: skip
LOOK = (("look-lost", 0.08), ("look-503", 0.04), ("look-older", 0.06))
FILM = (("film-expired", 0.06), ("film-corrupt", 0.05), ("film-cut", 0.05), ("film-away", 0.10))
FAULTS = tuple(name for name, _ in (*CREATE, *LOOK, *FILM))
FAULTS += ("fails", "never-in-time", "callback", "callback-twice")
FAULTS += ("kill", "raise", "stall", "storage", "replay", "freeze", "expire")
