"""The magic words: written anywhere in a prompt they make the sandbox misbehave on purpose.

`WORDS` is the one list; the server's `/faults` page, the parser and the documentation come from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

REFUSED_TRIES = 2
"""How many creates `fail:429` and `fail:5xx-before` refuse before the next one is taken."""

_FIRST = (
    f"The first {REFUSED_TRIES} creates with this external id (a hyphen and a number at its end "
    "count tries of one order; without an id: with this prompt) are answered"
)

WORDS: Mapping[str, str] = {
    "fail:moderation": "The create is refused for its content: Kling 400 with code 1301, Segmind "
    "and llmprovider 400.",
    "fail:failed": "The task is taken and ends as failed after its usual time; Segmind's v1 "
    "answers 500.",
    "fail:429": f"{_FIRST} 429, the next is taken.",
    "fail:5xx-before": f"{_FIRST} 503 and make no task, the next is taken.",
    "fail:5xx-after": "The create is answered 500 although the task was made and will finish.",
    "fail:lost-reply": "The task is made, then the connection is dropped without a byte of answer.",
    "fail:never": "The task stays in processing for ever; Segmind's v1 answers 504 after its "
    "limit.",
    "fail:late": "The task finishes, but only after SANDBOX_LATE (12) times its usual time.",
    "fail:truncated": "The film's body ends at half of its Content-Length.",
    "fail:corrupt": "The film's file cannot be decoded.",
    "fail:expired-link": "Film links answer 403 until one was refused; asking for the task again "
    "gives a link that works.",
    "fail:discontinued": "The create is refused because the model has been discontinued: Kling "
    "404 with code 1203, Segmind 410, llmprovider 404.",
    "slow:<seconds>": "The film takes that many seconds of the clock, whatever SANDBOX_SPEED is.",
    "callback:dup": "Every callback (Kling) is sent twice.",
    "callback:early": "The first callback arrives before the create is answered.",
    "callback:none": "No callback is sent, though an address was given.",
}

_WORD = re.compile(
    r"\b(?P<sort>fail|callback):(?P<which>[0-9a-z-]+)|\bslow:(?P<slow>\d{1,7}(?:\.\d+)?)"
)


@dataclass(frozen=True, slots=True)
class Script:
    """What a prompt asks the sandbox to do wrong; `slow` in seconds."""

    faults: frozenset[str] = frozenset()
    callback: str | None = None
    slow: float | None = None

    def has(self, fault: str) -> bool:
        """Whether `fail:<fault>` was in the prompt."""
        return fault in self.faults


def read(prompt: str) -> Script:
    """The script in a prompt. Words that are not in the list mean nothing."""
    faults, callback, slow = set(), None, None
    for found in _WORD.finditer(prompt.lower()):
        if found["slow"]:
            slow = float(found["slow"])
        elif f"{found['sort']}:{found['which']}" not in WORDS:
            continue
        elif found["sort"] == "fail":
            faults.add(found["which"])
        else:
            callback = found["which"]
    return Script(frozenset(faults), callback, slow)
