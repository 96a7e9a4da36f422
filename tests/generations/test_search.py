"""Finding films by words: what was said in a prompt, never how we keep it."""

from __future__ import annotations

from accounts import tenancy
from generations import access, lifecycle, submission
from generations.submission import Submission
from tests.generations.orders import actor
from tests.generations.programs import funded


def test_words_are_looked_for_in_prompts_and_shots_and_nowhere_else() -> None:
    alice = funded()
    shots = [{"prompt": "A fox", "duration": 2}, {"prompt": "A Heron at dusk", "duration": 3}]
    fields = {"model": "kling-v3", "multi_prompt": shots, "shot_type": "customize", "duration": 5}

    def found(words: str) -> int:
        return len(access.page(actor(alice), access.Wanted(words=words)).generations)

    with tenancy.scope(alice.organisation.pk):
        order = Submission(fields=fields, door="native")
        receipt = submission.submit(actor(alice), order, lambda _: "")
        made = access.find(actor(alice), receipt.generation)
        assert lifecycle.cancel(made)  # seen by no worker
        assert (found("heron"), found("FOX"), found("a")) == (1, 1, 1)
        assert (found("prompt"), found("duration"), found("100%"), found("_")) == (0, 0, 0, 0)
