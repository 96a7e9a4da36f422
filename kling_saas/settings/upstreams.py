"""Upstreams, the sandbox, and how they are told to be well."""

from __future__ import annotations

from kling_saas import env
from kling_saas.settings.place import SITE_URL

SANDBOX_URL = env.text(
    "SANDBOX_URL", "http://127.0.0.1:9100", "Where the sandbox upstream answers."
)
SANDBOX_SPEED = env.number("SANDBOX_SPEED", 1.0, "Divides the sandbox's delays; 60 in make run.")
SANDBOX_FILM = env.choice(
    "SANDBOX_FILM", "full", ("full", "small", "tiny"), "Size of sandbox films."
)
CALLBACK_URL = (
    env.text("CALLBACK_URL", "", "Address upstreams call back; default SITE_URL.") or SITE_URL
)
UPSTREAM_TIMEOUT = env.number(
    "UPSTREAM_TIMEOUT", 30.0, "Longest silence of an upstream, s; a call ends with its lease."
)
ALLOW_PRIVATE_ADDRESSES = env.flag(
    "ALLOW_PRIVATE_ADDRESSES", False, "Let fetches reach private addresses. Tests and demo only."
)
KLING_DIALECT_STATUS = env.choice(
    "KLING_DIALECT_STATUS",
    "seed",
    ("seed", "official"),
    "402/400 as documented, or Kling's 429/404.",
)
KLING_WAIT_SECONDS = env.integer(
    "KLING_WAIT_SECONDS",
    60,
    "What Kling makes at once is waited for so long; 5 s before, it is given back, s.",
    least=10,
)
SEGMIND_WAIT_MAX = env.integer("SEGMIND_WAIT_MAX", 900, "Longest blocking Segmind call, s.")
DIALECT_HOSTS = env.pairs(
    "DIALECT_HOSTS",
    ("kling", "segmind", "llmprovider", "openai"),
    "host=kling|segmind|llmprovider|openai, separated by commas.",
)
OPENAI_MODELS = env.words(
    "OPENAI_MODELS",
    "sora-2=kling-v3:std:sound,sora-2-pro=kling-v3:pro:sound",
    "What OpenAI's models are here: name=model:mode, and :sound.",
)

# ------------------------------------------------------------------ health of their accounts
OPERATOR_CHANGES_SECONDS = env.number(
    "OPERATOR_CHANGES_SECONDS", 2.0, "Changed accounts and products are in force everywhere, s."
)
BREAKER_WINDOW_SECONDS = env.number("BREAKER_WINDOW_SECONDS", 60.0, "Creates are counted anew, s.")
BREAKER_FAILURES = env.integer("BREAKER_FAILURES", 10, "Failed creates of a model that stop it.")
BREAKER_SHARE = env.number("BREAKER_SHARE", 0.5, "The least share of creates they must be.")
BREAKER_IN_A_ROW = env.integer("BREAKER_IN_A_ROW", 5, "Or so many in a row, however rare,", least=1)
BREAKER_IN_A_ROW_SECONDS = env.number(
    "BREAKER_IN_A_ROW_SECONDS", 15.0, "once it has been only failures for so long, s."
)
BREAKER_OPEN_SECONDS = env.number("BREAKER_OPEN_SECONDS", 5.0, "First pause of it, doubling, s.")
BREAKER_OPEN_MAX = env.number("BREAKER_OPEN_MAX", 60.0, "Its longest pause between probes, s.")
RETRY_SHARE = env.number("RETRY_SHARE", 0.1, "Creates sent again per first one, where many fail.")
RETRY_FREE_SHARE = env.number(
    "RETRY_FREE_SHARE", 0.25, "Share of failed creates below which a retry that works is free."
)
RETRY_RESERVE = env.integer("RETRY_RESERVE", 5, "Most retries an account saves up.", least=1)
RETRY_TRICKLE_SECONDS = env.number("RETRY_TRICKLE_SECONDS", 30.0, "A retry earned by time, s.")
SUBMIT_ATTEMPTS = env.integer("SUBMIT_ATTEMPTS", 8, "Broken answers that end an order.", least=1)
ACCOUNT_PAUSE_SECONDS = env.number("ACCOUNT_PAUSE_SECONDS", 60.0, "Pause after 401 or 402, s.")
AUTH_FAILURES = env.integer("AUTH_FAILURES", 3, "401s in a row that disable an account.", least=1)
