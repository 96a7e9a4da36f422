"""Schemathesis holds the product to its own OpenAPI documents, with every kind of credential.

It draws requests that keep to a document and such that break it, follows links from what was made
to what can be done with it, and checks each answer: no 5xx, no status, media type, header or body
that the document does not tell.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import requests

from generations.catalogue import samples
from kling_saas import env
from tests.campaigns import verdict
from tests.documents import Made
from tests.stack import Stack

PROCESSES = 2
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_MANY = 1000  # examples
_OTHERS = 10  # so many times less is drawn with each of the credentials that open less
_DAY = 24 * 3600  # seconds
_FUND = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from accounts import tenancy
from accounts.models import Organisation
from billing import ledger
from billing.models import LotSource
with tenancy.system("a trial's wallet"):
    demo = Organisation.objects.get(name="Demo Studio")
with tenancy.scope(demo.pk):
    ledger.grant(demo.pk, False, 10**9, LotSource.GRANT, reference="trial", reason="A trial")
"""
_SEGMIND, _HELD = "segmind", "held"  # its pages that hold their calls are a document apart
_ADDRESSES = {
    "native": "/api/v1/openapi.json",
    "kling": "/kling/openapi.json",
    "segmind": "/segmind/openapi.json",
    "llmprovider": "/llmprovider/openapi.json",
    "openai": "/openai/openapi.json",
}
Report = dict[str, Any]
_ALL = ["generate", "read", "billing", "admin"]


@dataclass(frozen=True)
class Trial:
    """One document with some kinds of credentials; `examples` for each operation and phase."""

    document: str
    kinds: str
    secrets: tuple[str, ...]
    phases: str
    examples: int

    @property
    def credentials(self) -> list[tuple[str, str]]:
        """The header and the value that prove who it is; none for nobody."""
        if self.document in (_SEGMIND, _HELD):
            return [("x-api-key", secret) for secret in self.secrets]
        return [("Authorization", secret and f"Bearer {secret}") for secret in self.secrets]


def run(examples: int, seed: int) -> bool:
    """True when every promise held; so many `examples` are drawn for each operation."""
    stack = Stack(JWT_MAX_LIFETIME=str(_DAY))
    stack.start()
    try:
        stack.python(_FUND)
        credentials = _credentials(stack)
        made = Made(stack.site, credentials["full"])
        for kind in samples.ORDERS:
            made.one(kind)
        for name, address in _ADDRESSES.items():
            document = requests.get(stack.site + address, timeout=60).json()
            document = _reachable(document, made)
            if name == _SEGMIND:
                document, held = _without_held(document)
                _path(stack, _HELD).write_text(json.dumps(held))
            _path(stack, name).write_text(json.dumps(document))
        trials = list(_trials(credentials, examples))
        keep = _ids(stack)
        with ThreadPoolExecutor(PROCESSES) as pool:
            reports = list(pool.map(lambda trial: _played(stack, trial, keep, seed), trials))
        violations = [v for found in reports for v in _violations(*found)]
        counts = {f"{t.document}, {t.kinds}": _count(report) for t, report in reports}
        if not _opens(stack, credentials["full"]):
            violations.append("the key of full rights was ended on the way: less was seen")
        violations += verdict.books(stack)
    finally:
        stack.stop()
    total = sum(counts.values())
    return verdict.tell("contract", runs=total, faults=counts, violations=violations, seed=seed)


def _trials(credentials: Mapping[str, str], examples: int) -> Iterator[Trial]:
    """With full rights in depth; with others in turns, for they make little to be followed.

    Every limit of every field is some hundred requests for each operation, whatever `examples`
    says: that is for long trials.
    """
    full, others = credentials["full"], dict(credentials)
    del others["full"]
    deep = "examples,fuzzing,stateful" + (",coverage" if examples >= _MANY else "")
    longest_first = "segmind kling native openai llmprovider"
    for document in os.environ.get("ONLY", longest_first).split():
        yield Trial(document, "full", (full,), deep, examples)
        each = max(len(others), examples // _OTHERS * len(others))
        yield Trial(document, " ".join(others), tuple(others.values()), "fuzzing", each)
        if document == _SEGMIND and examples >= _MANY:
            yield Trial(_HELD, "full", (full,), "examples,fuzzing", examples // _OTHERS)


def _credentials(stack: Stack) -> dict[str, str]:
    """A secret of each kind, the full one first."""
    facts = stack.facts
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {facts['test_key']}"

    def made(what: str, terms: dict[str, Any]) -> dict[str, Any]:
        answer = http.post(f"{stack.site}/api/v1/{what}", json=terms, timeout=60)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    full = made("keys", {"name": "full", "scopes": _ALL})["secret"]
    revoked = made("keys", {"name": "revoked", "scopes": _ALL})
    gone = http.delete(f"{stack.site}/api/v1/keys/{revoked['id']}", timeout=60)
    assert gone.json()["revoked_at"], gone.text
    now = int(time.time())
    claims = {"iss": facts["access_key"], "exp": now + _DAY, "nbf": now - 5}
    return {
        "full": full,
        "read": made("keys", {"name": "read", "scopes": ["read"]})["secret"],
        "end user": made("tokens", {"end_user": "visitor", "expires_in": _DAY})["token"],
        "jwt": jwt.encode(claims, facts["secret_key"], algorithm="HS256"),
        "none": "",
        "revoked": revoked["secret"],
    }


def _ids(stack: Stack) -> list[str]:
    """Of every key and pair that the trial begins with."""
    headers = {"Authorization": f"Bearer {stack.facts['test_key']}"}
    lists = (f"{stack.site}/api/v1/{what}" for what in ("keys", "access-keys"))
    pages = (requests.get(each, headers=headers, timeout=60).json() for each in lists)
    return [each["id"] for page in pages for each in page["data"]]


def _opens(stack: Stack, key: str) -> bool:
    """Whether a key still does: whoever may end keys may have ended this one."""
    headers = {"Authorization": f"Bearer {key}"}
    return requests.get(f"{stack.site}/api/v1/keys", headers=headers, timeout=60).ok


def _path(stack: Stack, name: str) -> Path:
    return stack.folder / f"{name}.openapi.json"


def _played(stack: Stack, trial: Trial, keep: list[str], seed: int) -> tuple[Trial, Report]:
    report = stack.folder / f"{trial.document}-{len(trial.secrets)}.report.json"
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(_path(stack, trial.document))]
    command += ["--no-color", "--no-shrink"]
    command += ["--url", stack.site + _base(trial.document), "--seed", str(seed)]
    command += ["--checks", ",".join(_CHECKS), "--phases", trial.phases, "--continue-on-failure"]
    command += ["--max-examples", str(trial.examples), "--suppress-health-check", "all"]
    command += ["--request-timeout", "60", "--report-json-path", str(report)]
    command += ["--generation-database", "none", "--warnings", "off"]
    told = json.dumps({"credentials": trial.credentials, "keep": keep})
    hooks = {"SCHEMATHESIS_HOOKS": "tests.campaigns.hands", "CONTRACT": told}
    surroundings = {**os.environ, **hooks, "PYTHONPATH": str(env.ROOT)}
    done = subprocess.run(
        command, cwd=stack.folder, env=surroundings, capture_output=True, text=True, check=False
    )
    if not report.exists():
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    found: Report = {**json.loads(report.read_text()), "code": done.returncode}
    seconds = found["running_time"]
    print(
        f"{trial.document}, {trial.kinds}: {_count(found)} requests in {seconds:.0f} s", flush=True
    )
    if done.returncode:
        print(done.stdout[done.stdout.find("= FAILURES =") :][:20_000])
    return trial, found


def _base(document: str) -> str:
    return {"native": "", _HELD: f"/{_SEGMIND}"}.get(document, f"/{document}")


def _count(report: Report) -> int:
    return int(report["test_cases"]["generated"])


def _violations(trial: Trial, report: Report) -> Iterator[str]:
    told = [*report["failures"], *report["errors"]]
    for failure in told:
        yield f"{trial.document} {trial.kinds}: {json.dumps(failure)[:1500]}"
    if not _count(report) or (report["code"] and not told):
        yield f"{trial.document} {trial.kinds}: it ended with {report['code']}, and said nothing"


def _reachable(told: Any, made: Made) -> Any:
    """The document with things that are there: in its examples, and where a text names one.

    Among texts none would ever be a picture, or the id of a film.
    """
    if isinstance(told, list):
        return [_reachable(each, made) for each in told]
    if not isinstance(told, dict):
        return made.real(told) if isinstance(told, str) and "gen_of_" in told else told
    found = {name: _reachable(each, made) for name, each in told.items()}
    if found.get("type") == "string" and (known := _named(str(found.get("description", "")), made)):
        return {"anyOf": [{"enum": known}, found]}
    return found


def _without_held(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Segmind's without most of its pages on v1, and with them alone: each of their calls is held
    for a film, so they are drawn less.
    """
    paths = document["paths"]
    held = [p for p in paths if p.startswith("/v1/kling-") and p.replace("/v1/", "/v2/") in paths]
    most = set(held[2:])
    kept = {path: item for path, item in paths.items() if path not in most}
    apart = {path: item for path, item in paths.items() if path in most}
    return {**document, "paths": kept}, {**document, "paths": apart}


def _named(words: str, made: Made) -> list[str]:
    """What a field takes, by its description."""
    if "a data URI or base64; JPEG" in words:
        return [samples.PICTURE]
    if "of its film (vid_…)" in words or "made a film (gen_…)" in words:
        return [made.one("text2video")]
    return [made.one("tts")] if "of its sound (aud_…)" in words else []
