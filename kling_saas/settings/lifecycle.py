"""The life of a generation, and the queue that carries it on."""

from __future__ import annotations

from typing import Any

from kling_saas import env

LEASE_SECONDS = env.integer("LEASE_SECONDS", 60, "A worker's claim on a step, s.", least=5)
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 15.0, "Pause between sweeps for lost work, s.")
POLL_SECONDS = env.number("POLL_SECONDS", 5.0, "Pause between polls of one upstream task, s.")
UNKNOWN_GRACE_SECONDS = env.integer(
    "UNKNOWN_GRACE_SECONDS", 120, "How long an unknown submit is looked up before it is resent, s."
)
STEP_ATTEMPTS = env.integer("STEP_ATTEMPTS", 5, "Tries of one step before it is given up.", least=1)
STEP_CRASHES = env.integer("STEP_CRASHES", 3, "Dead workers that end an order.", least=1)
DEADLINE_SECONDS = env.integer(
    "DEADLINE_SECONDS", 3600, "A generation without a film after this is failed and refunded, s."
)
LATE_LOOK_SECONDS = env.number(
    "LATE_LOOK_SECONDS", 60.0, "Pause between questions about a film that was given up, s."
)
ORPHAN_HOURS = env.integer(
    "ORPHAN_HOURS", 48, "Age at which a stored file that nothing names is deleted, h.", least=26
)
UPLOAD_DAYS = env.integer(
    "UPLOAD_DAYS", 30, "How long an upload that was never ordered with is kept, days.", least=1
)
RECONCILE_HOURS = env.number("RECONCILE_HOURS", 24.0, "Pause between reconciliations, h.")
RECONCILE_TOLERANCE = env.number(
    "RECONCILE_TOLERANCE", 1.0, "Difference from an upstream's bill that rings no alarm, percent."
)
QUEUE_LIMIT = env.integer(
    "QUEUE_LIMIT", 1000, "Unfinished generations of one organisation.", least=1
)
DISPATCH_WEIGHT = env.integer("DISPATCH_WEIGHT", 1, "Turns of a new organisation.", least=1)
ORGANISATION_CONCURRENCY = env.integer("ORGANISATION_CONCURRENCY", 0, "Its films at once; 0: all.")
DRAIN_SECONDS = env.integer(
    "DRAIN_SECONDS", 900, "How long a stopping worker waits for calls that upstreams hold, s."
)
WORKERS_SHORT = env.integer("WORKERS_SHORT", 2, "Processes for short work.", least=1)
WORKERS_MEDIA = env.integer("WORKERS_MEDIA", 2, "Processes that fetch and verify films.", least=1)
FILM_FETCH_SECONDS = env.integer("FILM_FETCH_SECONDS", 240, "Longest download of a film, s.")
FILM_STEP_SECONDS = FILM_FETCH_SECONDS + 240  # asked for, downloaded, decoded and stored
_SPAN = FILM_STEP_SECONDS + 60  # of a media session, whose last step begins within a minute
Q_CLUSTER: dict[str, Any] = {
    "name": "kling",
    "cluster_name": "short",
    "orm": "default",
    "broker_class": "generations.broker.SkipLockedBroker",
    "workers": WORKERS_SHORT,
    "timeout": 120,  # a session of 15 s, then a look-up and a create of 30 s each
    "retry": 300,
    "queue_limit": WORKERS_SHORT,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "recycle": 5000,
    "poll": 0.1,
    "guard_cycle": 0.5,
    "catch_up": False,
    "scheduler": False,
    "label": "Queue",
    "log_level": "WARNING",
    "ALT_CLUSTERS": {
        "media": {"workers": WORKERS_MEDIA, "timeout": _SPAN, "retry": 2 * _SPAN, "queue_limit": 1},
    },
}
