"""`make demo`: one film through the REST API of the product, as a customer makes it.

Of the product that runs here; where none does, one is started and stopped again afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from generations.catalogue.newcomers import FIRST_MODEL
from kling_saas import env
from kling_saas.run.children import die_with_parent

_BAR = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_STARTED = "Ctrl-C stops everything"  # how `make run` ends its greeting


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
    """One film; exits with one line when there can be none."""
    env.load(generated=False)
    if facts := _running():
        _film(facts)
        return
    with _started() as facts:
        _film(facts)


def _film(facts: dict[str, Any]) -> None:
    """Quote, order, watch, save, and show where the credits went."""
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
            paid = "  paid from the hold" if entry["type"] == "capture" else ""
            print(f"Ledger  {entry['id']}  {entry['type']:<8} {entry['amount']:>5}  "
                  f"balance {entry['balance_after']}{paid}")  # fmt: skip


def _running() -> dict[str, Any] | None:
    """What run.json says about a product that answers now."""
    path = env.data_dir() / "run.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    try:
        with urllib.request.urlopen(f"{found['site']}/readyz", timeout=5):
            return found
    except OSError:
        return None


@contextmanager
def _started() -> Iterator[dict[str, Any]]:
    """A product of our own while the film is made."""
    print("Nothing runs here yet: starting the product for this film …", flush=True)
    with tempfile.TemporaryFile("w+") as said:
        run = subprocess.Popen(
            [sys.executable, "-m", "kling_saas.run"],
            cwd=env.ROOT,
            stdout=said,
            stderr=said,
            preexec_fn=die_with_parent,
        )
        try:
            while _STARTED not in _read(said):
                if run.poll() is not None:
                    sys.exit((_read(said).strip().splitlines() or ["It did not start."])[-1])
                time.sleep(0.1)
            facts = _running()
            if facts is None:
                sys.exit("The product started and does not answer: see `make run`.")
            yield facts
        finally:
            run.terminate()
            run.wait()


def _read(file: IO[str]) -> str:
    """All that was written so far, by a process that goes on writing at the end."""
    return os.pread(file.fileno(), 1_000_000, 0).decode(errors="replace")


def _watch(api: Api, made: dict[str, Any]) -> dict[str, Any]:
    """Poll twice a second and draw what is known: the state and the time, never a percentage.

    Only on a terminal; a file gets the end alone.
    """
    began, turn = time.monotonic(), 0
    eta = made.get("eta") or {}
    usual = f"usually {eta['p50_seconds']:.0f}–{eta['p90_seconds']:.0f} s" if eta else ""
    while made["status"] in {"queued", "processing"}:
        turn += 1
        elapsed = time.monotonic() - began
        if sys.stdout.isatty():
            print(f"\r{_BAR[turn % 10]} {made['status']:<11}{elapsed:5.1f} s  {usual}", end="")
            sys.stdout.flush()
        time.sleep(0.5)
        made = api.call(f"/generations/{made['id']}")
    before, behind = ("\r", " " * 30) if sys.stdout.isatty() else ("", "")
    took = time.monotonic() - began
    mark = "✓" if made["status"] == "succeeded" else "✗"
    print(f"{before}{mark} {made['status']:<11}{took:5.1f} s{behind}", end="")
    return made


if __name__ == "__main__":
    main()
