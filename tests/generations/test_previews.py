"""Hover previews: a film that kills whoever previews it is left alone after its tries."""

from __future__ import annotations

from django.utils import timezone

from accounts import tenancy
from generations import previews
from generations.models import Video
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.waiting import until


def test_a_film_that_used_up_its_tries_is_not_taken_again() -> None:
    order = parked(funded())
    with tenancy.scope(order.organisation_id):
        made = Video.objects.create(
            organisation_id=order.organisation_id, livemode=False, generation=order, key="none.mp4",
            poster_key="p", bytes=1, sha256="0" * 64, width=1, height=1, duration_ms=5000,
            has_sound=False, preview_attempts=3, preview_due_at=timezone.now(),
        )  # fmt: skip

    def left() -> list[int]:
        previews.run()
        with tenancy.scope(order.organisation_id):
            given_up = Video.objects.filter(pk=made.pk, preview_due_at=None)
            return list(given_up.values_list("preview_attempts", flat=True))

    assert until(left) == [3]
