"""How long a customer waits after the upstream has finished, with callbacks.

`make bench NAME=ready`. From the moment the upstream says "succeed" to the moment our API says
"succeeded" and the film's link answers. The rival is the least anyone could do in the same run:
download the same film from the upstream and decode it once.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.stack import Stack

FILMS = int(os.environ.get("N", "10"))
_LOOK = 0.03  # seconds between looks
_PATIENCE = 120.0


def main() -> None:
    """One film after the other, so that nothing is measured but the waiting."""
    stack = Stack(on_disk=True, SANDBOX_SPEED="80", SANDBOX_FILM="full")
    stack.start()
    try:
        ours, rival = [], []
        with httpx.Client(timeout=20) as client:
            for number in range(FILMS):
                waited, least = film(stack, client, number)
                ours.append(waited)
                rival.append(least)
                print(f"film {number + 1}: ready {waited:.2f} s after, bare fetch {least:.2f} s")
    finally:
        stack.stop()
    value, least = statistics.median(ours), statistics.median(rival)
    print(
        json.dumps(
            {
                "bench": "ready",
                "value": round(value, 3),
                "unit": "s",
                "against": "downloading and decoding the same film once",
                "rival_value": round(least, 3),
                "ratio": round(value / least, 2),
            }
        )
    )


def film(stack: Stack, client: httpx.Client, number: int) -> tuple[float, float]:
    """(seconds from the upstream's end to a playable film, seconds of the bare fetch)."""
    headers = {"Authorization": f"Bearer {stack.facts['test_key']}"}
    order = {"model": "kling-v1", "prompt": f"A paper boat on a canal, take {number}"}
    made = client.post(f"{stack.site}/api/v1/generations", json=order, headers=headers).json()
    place = f"{stack.site}/api/v1/generations/{made['id']}"
    theirs = f"{stack.sandbox}/kling/v1/videos/text2video/{made['id']}-1"
    upstream = {"Authorization": f"Bearer {signed()}"}

    def finished() -> Any:
        data = client.get(theirs, headers=upstream).json().get("data") or {}
        return data if data.get("task_status") == "succeed" else None

    def ready() -> Any:
        seen = client.get(place, headers=headers).json()
        return seen if seen["status"] not in {"queued", "processing"} else None

    task = until(finished)
    ended = time.monotonic()
    done = until(ready)
    assert done["status"] == "succeeded", done
    assert client.head(done["video"]["url"]).status_code == 200
    return time.monotonic() - ended, bare(client, task["task_result"]["videos"][0]["url"])


def signed() -> str:
    """A token of the pair that the sandbox documents and the demo's account uses."""
    now = int(time.time())
    claims = {"iss": "sandbox-access-key", "exp": now + 1800, "nbf": now - 5}
    return jwt.encode(claims, "sandbox-secret-key-of-at-least-32-bytes", algorithm="HS256")


def until(look: Callable[[], Any]) -> Any:
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(_LOOK)
    raise TimeoutError("nothing came")


def bare(client: httpx.Client, address: str) -> float:
    """Seconds to fetch and decode the film, with nothing around it."""
    import av

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        path.write_bytes(client.get(address).content)
        with av.open(str(path)) as container:
            for _ in container.decode(video=0):
                continue
    return time.monotonic() - began


if __name__ == "__main__":
    main()
