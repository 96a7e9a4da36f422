"""The model a newcomer is led to: in the studio, in examples, in what `make run` prints."""

from __future__ import annotations

FIRST_MODEL = "kling-v2-5-turbo"  # of those Kling keeps, none makes a film from words for less
FIRST_PROMPT = "A lighthouse in a storm at dusk"
