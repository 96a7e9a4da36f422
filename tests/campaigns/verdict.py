"""What must be true after every trial, and how its result is told."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx

from tests.stack import Stack

_QUERIES = {
    "unfinished": "SELECT public_id FROM generations_generation WHERE finished_at IS NULL",
    "unsettled": """
        SELECT g.public_id FROM generations_generation g JOIN billing_hold h ON h.id = g.hold_id
         WHERE (g.status = 'succeeded') <> (h.status = 'captured')
            OR (g.status IN ('failed', 'cancelled')) <> (h.status = 'released')""",
    "holds without a generation": """
        SELECT h.reference FROM billing_hold h WHERE NOT EXISTS
            (SELECT FROM generations_generation g WHERE g.hold_id = h.id)""",
    "succeeded without a film": """
        SELECT public_id FROM generations_generation g WHERE status = 'succeeded' AND NOT EXISTS
            (SELECT FROM generations_video v WHERE v.generation_id = g.id)""",
    "not exactly one final event": """
        SELECT g.public_id FROM generations_generation g
          LEFT JOIN generations_generationevent e ON e.generation_id = g.id
           AND e.status IN ('succeeded', 'failed', 'cancelled')
         WHERE g.finished_at IS NOT NULL GROUP BY 1 HAVING count(e.id) <> 1""",
    "bought twice": """
        SELECT generation_id::text FROM generations_attempt WHERE outcome = 'accepted'
         GROUP BY 1 HAVING count(*) > 1""",
}
_FIGURES = {
    "statuses": "SELECT status, count(*) FROM generations_generation GROUP BY 1",
    "suspense": "SELECT count(*) FROM generations_attempt WHERE outcome = 'abandoned'",
    "films": "SELECT key, sha256 FROM generations_video",
}
_ASK = """
import json, os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from django.db import connection
from accounts import tenancy
with tenancy.system("a trial's verdict"), connection.cursor() as cursor:
    found = {}
    for name, query in json.loads(sys.stdin.read()).items():
        cursor.execute(query)
        found[name] = cursor.fetchall()
print(json.dumps(found))
"""


def of(stack: Stack) -> tuple[list[str], dict[str, Any]]:
    """(violations, figures) of a stack at rest."""
    asked = json.dumps({**_QUERIES, **_FIGURES})
    facts: dict[str, list[list[Any]]] = json.loads(stack.python(_ASK, asked))
    violations = [f"{name}: {facts[name]}" for name in _QUERIES if facts[name]]
    violations += books(stack)
    violations += _films(stack, {str(key): str(digest) for key, digest in facts["films"]})
    violations += _upstream(stack)
    statuses = {str(status): count for status, count in facts["statuses"]}
    return violations, {"statuses": statuses, "suspense": facts["suspense"][0][0]}


def books(stack: Stack) -> list[str]:
    """What `manage.py check_ledger` says against the books; empty when they add up."""
    said = stack.manage("check_ledger", check=False)
    return [] if "The books add up." in said else [f"check_ledger: {said[-300:]}"]


def _films(stack: Stack, keys: dict[str, str]) -> list[str]:
    wrong = []
    for key, digest in keys.items():
        path = stack.folder / "media" / key
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            wrong.append(f"film {key} is not the one that was paid")
    return wrong


def _upstream(stack: Stack) -> list[str]:
    """One upstream task per generation: asked of the sandbox, which counts creates."""
    creates = httpx.get(f"{stack.sandbox}/_audit", timeout=30).json()["creates"]
    per_generation: dict[str, int] = {}
    for row in creates:
        label = str(row["label"])
        if label.startswith("external:gen_"):
            generation = label.removeprefix("external:").rpartition("-")[0]
            per_generation[generation] = per_generation.get(generation, 0) + row["created"]
    return [f"{g}: {n} upstream tasks" for g, n in per_generation.items() if n > 1]


def tell(name: str, *, runs: int, faults: dict[str, int], violations: list[str], seed: int) -> bool:
    """Print what broke and the one line; whether every promise held."""
    for violation in violations:
        print(f"VIOLATION {violation}")
    print(
        json.dumps(
            {
                "campaign": name,
                "runs": runs,
                "faults": faults,
                "violations": len(violations),
                "seed": seed,
            }
        )
    )
    return not violations
