"""`make demo`: one film through the REST API of the running product, as a customer makes it."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from generations.catalogue.newcomers import FIRST_MODEL
from kling_saas import env

_BAR = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Api:
    """Just enough of a client, with nothing but the standard library."""

    def __init__(self, site: str, key: str) -> None:
        self.base, self.key = f"{site}/api/v1", key

    def call(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        """The parsed answer. Exits with the API's own sentence when it refuses."""
        request = urllib.request.Request(
            self.base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                **headers,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = json.loads(error.read() or b"{}")
            sys.exit(f"Refused ({error.code}): {said.get('detail', error.reason)}")
        except urllib.error.URLError as error:
            sys.exit(f"The product does not answer at {self.base}: {error.reason}")


def main() -> None:
    """Quote, order, watch, save, and show where the credits went."""
    env.load()
    facts = _facts()
    api = Api(facts["site"], facts["test_key"])
    order = {"model": FIRST_MODEL, "prompt": " ".join(sys.argv[1:])}
    before = api.call("/wallet")
    quote = api.call("/quotes", order)
    print(f"Price   {quote['credits']} credits (test wallet: {before['available']} available)")
    made = api.call(
        "/generations",
        {**order, "quote_id": quote["id"]},
        **{"Idempotency-Key": str(uuid.uuid4())},
    )
    done = _watch(api, made)
    if done["status"] != "succeeded":
        error = done["error"]
        sys.exit(f"\nFailed: {error['message']} ({error['refund']['credits']} credits returned)")
    path = Path(f"{done['id']}.mp4")
    urllib.request.urlretrieve(done["video"]["url"], path)
    film = done["video"]
    print(f"\nSaved   {path} ({film['width']}×{film['height']}, {film['duration']} s)")
    after = api.call("/wallet")
    print(f"Wallet  {before['available']} → {after['available']} credits")
    for entry in reversed(api.call("/ledger?limit=10")["data"]):
        if entry["generation"] == done["id"]:
            print(f"Ledger  {entry['id']}  {entry['type']:<8} {entry['amount']:>5}  "
                  f"balance {entry['balance_after']}")  # fmt: skip


def _facts() -> dict[str, Any]:
    path = env.data_dir() / "run.json"
    if not path.exists():
        sys.exit("Nothing runs here yet: start `make run` in another terminal first.")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _watch(api: Api, made: dict[str, Any]) -> dict[str, Any]:
    """Poll twice a second and draw what is known: the state and the time, never a percentage."""
    began, turn = time.monotonic(), 0
    eta = made.get("eta") or {}
    usual = f"usually {eta['p50_seconds']:.0f}–{eta['p90_seconds']:.0f} s" if eta else ""
    while made["status"] in {"queued", "processing"}:
        turn += 1
        elapsed = time.monotonic() - began
        print(f"\r{_BAR[turn % 10]} {made['status']:<11}{elapsed:5.1f} s  {usual}", end="")
        sys.stdout.flush()
        time.sleep(0.5)
        made = api.call(f"/generations/{made['id']}")
    print(f"\r✓ {made['status']:<11}{time.monotonic() - began:5.1f} s{' ' * 30}", end="")
    return made


if __name__ == "__main__":
    main()
