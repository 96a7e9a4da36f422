"""What must be true after every trial, and how its result is told.

A trial's orders have words of their own: Segmind knows an order by nothing else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from tests.stack import Stack

_FIGURES = {
    "unfinished": "SELECT public_id FROM generations_generation WHERE finished_at IS NULL",
    "statuses": "SELECT status, count(*) FROM generations_generation GROUP BY 1",
    "errors": "SELECT error_code, count(*) FROM generations_generation "
    "WHERE error_code <> '' GROUP BY 1 ORDER BY 2 DESC",
    "products": "SELECT kind, status, count(*) FROM generations_generation GROUP BY 1, 2",
    "resends": "SELECT count(*) FROM generations_attempt WHERE retry",
    "worded": "SELECT public_id, params->>'prompt' FROM generations_generation",
    "suspense": "SELECT count(*) FROM generations_attempt WHERE outcome = 'abandoned'",
    "last": """SELECT public_id, coalesce(error_code, ''), finished_at - created_at, crashes,
        (SELECT string_agg(concat_ws(' ', a.outcome, a.reason, a.look_ups, p.name,
                                     a.started_at - g.created_at), '; ' ORDER BY a.number)
           FROM generations_attempt a JOIN generations_provideraccount p ON p.id = a.account_id
          WHERE a.generation_id = g.id)
        FROM generations_generation g ORDER BY finished_at DESC NULLS FIRST LIMIT 3""",
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
print(json.dumps(found, default=str))
"""


def of(stack: Stack, more: Mapping[str, str] | None = None) -> tuple[list[str], dict[str, Any]]:
    """(violations, figures) of a stack at rest; `more` queries are answered among the figures."""
    asked = json.dumps(_FIGURES | dict(more or {}))
    facts: dict[str, list[list[Any]]] = json.loads(stack.python(_ASK, asked))
    unfinished = [str(row[0]) for row in facts["unfinished"]]
    violations = [f"unfinished: {unfinished}"] if unfinished else []
    violations += books(stack, "--files", "--secrets")
    violations += _upstream(stack, {words: name for name, words in facts["worded"]})
    violations += _secrets(stack)
    products: dict[str, dict[str, int]] = {}
    for kind, status, count in facts["products"]:
        products.setdefault(kind, {})[status] = count
    return violations, {
        "statuses": {str(status): count for status, count in facts["statuses"]},
        "errors": {str(code): count for code, count in facts["errors"]},
        "products": products,
        "suspense": facts["suspense"][0][0],
        "resends": facts["resends"][0][0],
        "last": facts["last"],
        **{name: facts[name] for name in more or {}},
    }


def books(stack: Stack, *options: str) -> list[str]:
    """What `manage.py check_ledger` finds against the books and the promises."""
    said = stack.manage("check_ledger", *options, check=False)
    found = [line for line in said.splitlines() if line.startswith(("DRIFT", "BROKEN"))]
    return found or ([] if "The books add up." in said else [f"check_ledger: {said[-300:]}"])


def _secrets(stack: Stack) -> list[str]:
    """I14: no key of a customer in what the processes wrote."""
    said = stack.log.read_text(errors="replace")
    _, _, rest = said.partition("Ctrl-C stops everything")  # prints the demo's own keys
    secrets = [stack.facts[name] for name in ("test_key", "live_key", "secret_key")]
    return ["I14 a customer's key is in the log" for secret in secrets if secret in rest]


def _upstream(stack: Stack, worded: dict[str, str]) -> list[str]:
    """One upstream task per generation: asked of the sandbox, which counts creates."""
    creates = httpx.get(f"{stack.sandbox}/_audit", timeout=30).json()["creates"]
    made: Counter[str] = Counter()
    for row in creates:
        made[_ordered_as(str(row["label"]), worded)] += row["created"]
    return [f"{order}: {times} upstream tasks" for order, times in made.items() if times > 1]


def _ordered_as(label: str, worded: dict[str, str]) -> str:
    """The generation for which creates are counted under this label."""
    sort, _, name = label.partition(":")
    return name.rpartition("-")[0] if sort == "external" else worded.get(name, label)


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
