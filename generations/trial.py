"""One real film at one upstream account, and every difference from the format we were written to.

The recorded format is our own server codec: an answer is decoded, encoded again as that vendor
would say it by the book, and the two shapes are compared.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from generations import providers
from generations.catalogue import billable, registry
from generations.catalogue.params import Params
from generations.models import Protocol, ProviderAccount
from generations.providers.base import Adapter
from generations.providers.codecs import CODECS, Question
from generations.wire.kling import server as kling
from generations.wire.kling_standard import server as kling_2026
from generations.wire.llmprovider import server as llmprovider
from generations.wire.segmind import server as segmind
from generations.wire.task import Accepted, Rejected, Task, TaskState, WireReply, WireRequest
from kling_saas.lib import http
from kling_saas.lib.sealing import SealBroken

_PROMPT = "A paper boat drifts across a puddle"
_PAUSE = 5.0  # seconds between polls

_CREATED: dict[str, Callable[[Task], WireReply]] = {
    Protocol.KLING: lambda t: kling.encode_created(t, ""),
    Protocol.KLING_2026: lambda t: kling_2026.encode_created(t, ""),
    Protocol.SEGMIND: lambda t: segmind.encode_queued(t, ""),
    Protocol.LLMPROVIDER: llmprovider.encode_created,
}
_TOLD: dict[str, Callable[[Task], WireReply]] = {
    Protocol.KLING: lambda t: kling.encode_task(t, ""),
    Protocol.KLING_2026: lambda t: kling_2026.encode_tasks([t], ""),
    Protocol.SEGMIND: segmind.encode_result,
    Protocol.LLMPROVIDER: llmprovider.encode_task,
}


class TrialRefused(Exception):
    """The trial did not start or did not end in a film; the text says why."""


@dataclass
class Trial:
    """What came of it. `differences` are sentences, `url` is the film."""

    params: Params
    cost: int
    url: str = ""
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)


def cheapest(account: ProviderAccount) -> Params:
    """The cheapest film the account makes. Raises TrialRefused when it makes none."""
    adapter = providers.adapter(account)
    able = [
        Params(**{**params.to_json(), "prompt": _PROMPT, "aspect_ratio": "16:9"})
        for params in billable.every_sellable()
        if params.kind == "text2video" and not params.multi_prompt and not params.voices
        and adapter.can(params) and account.sells(params.model)
        and not registry.get(params.model).discontinued
    ]  # fmt: skip
    if not able:
        raise TrialRefused(f"{account.name} makes no text-to-video film we know of")
    return min(able, key=billable.official_units)


def run(account: ProviderAccount, *, max_cost: int, wait: float = 1200.0) -> Trial:
    """Make it. `max_cost` is list-price credits, `wait` seconds. Raises TrialRefused."""
    if CODECS[account.protocol].blocking:
        raise TrialRefused("v1 answers with the film itself: try the v2 account instead")
    params = cheapest(account)
    trial = Trial(params, int(billable.official_units(params) * 10))
    if trial.cost > max_cost:
        raise TrialRefused(f"the cheapest film lists at {trial.cost} credits, above --max-cost")
    adapter = providers.adapter(account)
    began = time.monotonic()
    task = _created(adapter, params, trial)
    while task.state not in {TaskState.SUCCEEDED, TaskState.FAILED}:
        if time.monotonic() - began > wait:
            raise TrialRefused(f"task {task.id} had not ended after {wait:.0f} s")
        time.sleep(_PAUSE)
        task = _told(adapter, params, task, trial)
    trial.seconds = time.monotonic() - began
    if task.state == TaskState.FAILED or not task.videos:
        raise TrialRefused(f"task {task.id} failed: {task.message}")
    trial.url = task.videos[0].url
    return trial


def _created(adapter: Adapter, params: Params, trial: Trial) -> Task:
    wire = adapter.codec.create(params, f"trial-{time.time_ns()}", "")
    answer = _send(adapter, wire)
    outcome = adapter.codec.decode_created(answer.status_code, answer.headers, answer.content)
    if not isinstance(outcome, Accepted):
        raise TrialRefused(f"refused: {outcome.code} {outcome.message} (HTTP {answer.status_code})")
    _compare("create", answer, _CREATED[adapter.account.protocol](outcome.task), trial)
    return outcome.task


def _told(adapter: Adapter, params: Params, task: Task, trial: Trial) -> Task:
    answer = _send(adapter, adapter.codec.get(Question(task.id, params.kind)))
    found = adapter.codec.decode_task(answer.status_code, answer.headers, answer.content)
    if isinstance(found, Rejected):
        trial.differences.append(f"query: HTTP {answer.status_code} was not understood")
        return task
    _compare(f"query ({found.state})", answer, _TOLD[adapter.account.protocol](found), trial)
    return found


def _send(adapter: Adapter, wire: WireRequest) -> http.Answer:
    """The answer. Raises TrialRefused when none comes."""
    try:
        with http.api_client() as client:
            return http.call(client, adapter.request(client, wire))
    except SealBroken as error:
        raise TrialRefused(f"{error}: enter it again in the console") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise TrialRefused(
            f"no answer came from {adapter.account.base_url} ({type(error).__name__})"
        ) from None


def _compare(step: str, answer: http.Answer, recorded: WireReply, trial: Trial) -> None:
    if answer.status_code != recorded.status:
        trial.differences.append(f"{step}: HTTP {answer.status_code}, recorded {recorded.status}")
    try:
        real = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise TrialRefused(f"{step}: the answer (HTTP {answer.status_code}) is not JSON") from None
    found = [f"{step}: {line}" for line in differences(real, recorded.json)]
    trial.differences += [line for line in found if line not in trial.differences]


def differences(real: Any, recorded: Any, place: str = "") -> Iterator[str]:
    """Members that are missing, new or of another type, by their path."""
    if isinstance(real, Mapping) and isinstance(recorded, Mapping):
        for name in sorted({*real, *recorded}):
            path = f"{place}.{name}".lstrip(".")
            if name not in real:
                yield f"{path} is missing"
            elif name not in recorded:
                yield f"{path} is new ({type(real[name]).__name__})"
            else:
                yield from differences(real[name], recorded[name], path)
    elif isinstance(real, list) and isinstance(recorded, list):
        for one, other in zip(real[:1], recorded[:1], strict=False):
            yield from differences(one, other, f"{place}[]")
    elif type(real) is not type(recorded):
        yield f"{place} is {type(real).__name__}, recorded {type(recorded).__name__}"
