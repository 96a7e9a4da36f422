"""Ends generations on time for bench/waits: a stored film each, by the product's own transaction.

Reads `{"ids": […], "begin": Unix seconds, "seconds": …}`; over 0 seconds all end in one
transaction. Prints when each was committed, Unix seconds, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from generations.models import Generation


def main(told: dict[str, Any]) -> None:
    """Spread over two threads, or all at once."""
    from django.db.models.functions import Now

    from accounts import tenancy
    from generations.models import Generation

    with tenancy.system("a benchmark ends films"):
        wanted = Generation.objects.filter(public_id__in=told["ids"])
        wanted.update(status="storing", handed_over_at=Now(), submitted_at=Now())
        found = {each.public_id: each for each in wanted}
    rows = [found[name] for name in told["ids"]]
    time.sleep(max(0.0, told["begin"] - time.time()))
    if not told["seconds"]:
        with tenancy.system("a benchmark ends films"):
            for row in rows:
                end(row)
        print(json.dumps(dict.fromkeys(told["ids"], time.time())))
        return
    pause = told["seconds"] / len(rows)

    def on_time(number: int) -> float:
        time.sleep(max(0.0, told["begin"] + number * pause - time.time()))
        end(rows[number])
        return time.time()

    with ThreadPoolExecutor(2) as threads:
        moments = threads.map(on_time, range(len(rows)))
        print(json.dumps(dict(zip(told["ids"], moments, strict=True))))


def end(row: Generation) -> None:
    """What is written when a film is in the storage and plays."""
    from generations import lifecycle
    from generations.models import Video

    film = Video(
        organisation_id=row.organisation_id, livemode=row.livemode, generation=row,
        key=f"films/{row.public_id}.mp4", poster_key=f"films/{row.public_id}.webp",
        bytes=1_000_000, sha256="0" * 64, width=1280, height=720, duration_ms=5000,
        has_sound=False,
    )  # fmt: skip
    assert lifecycle.succeed(row, film)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
    django.setup()
    main(json.load(sys.stdin))
