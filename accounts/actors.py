"""Who acts in a request, for which organisation and in which mode: what every door passes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Proven by a credential or a session. `user_id` is set for sessions, the key for programs."""

    organisation_id: int
    livemode: bool
    user_id: int | None = None
    api_key_id: int | None = None
    access_key_id: int | None = None
    suspended: bool = False
    raw_video: bool = False
