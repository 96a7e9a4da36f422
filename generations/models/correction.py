"""What an operator knows better than the release about one of Kling's products."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from generations.catalogue.products.own import VOICE
from generations.catalogue.products.registry import PRODUCTS
from generations.wire.segmind import voices


def choices() -> list[tuple[str, str]]:
    """Every product of the release; a new one needs no migration."""
    return [(name, product.title) for name, product in PRODUCTS.items()]


class ProductCorrection(models.Model):
    """`limits` are by field what differs, in the words of the catalogue's fields:
    `{"effect_scene": {"allowed": ["squish", "new_scene"]}, "text": {"most": 200}}`.
    """

    product = models.CharField(max_length=40, unique=True, choices=choices)
    enabled = models.BooleanField(default=True, help_text="Off: it cannot be ordered.")
    limits = models.JSONField(default=dict, blank=True)
    words = models.JSONField(
        default=dict,
        blank=True,
        help_text="Of custom-voice: what Segmind's page kling-create-voice calls things, as "
        '{"recording": "voice_url", "name": "voice_name", "voice": "voice_id"}.',
    )
    note = models.CharField(max_length=300, blank=True, help_text="Where this is known from.")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["product"]

    def __str__(self) -> str:
        return self.product

    def clean(self) -> None:
        """Refuses what the catalogue cannot read. Raises ValidationError."""
        product = PRODUCTS.get(self.product)
        if product is None:
            return
        limits: Any = self.limits
        try:
            product.corrected(limits)
        except ValueError as problem:
            raise ValidationError({"limits": str(problem)}) from None
        if self.words and product is not VOICE:
            raise ValidationError({"words": f"are those of {VOICE.name} alone"})
        try:
            voices.corrected(self.words)
        except ValueError as problem:
            raise ValidationError({"words": str(problem)}) from None
