"""What an operator knows better than the release about voices and elements of Kling's own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from generations.catalogue.products.speaking import LANGUAGES
from generations.catalogue.reading import is_token


class PresetCorrection(models.Model):
    """A row adds a preset, or stands in for the release's of the same sort and id."""

    class Sort(models.TextChoices):
        VOICE = "voice", "Voice"
        ELEMENT = "element", "Element"

    sort = models.CharField(max_length=7, choices=Sort.choices)
    preset = models.CharField("id", max_length=120, help_text="As orders name it.")
    name = models.CharField(max_length=80)
    languages = models.JSONField(
        default=list, blank=True, help_text='Which a voice speaks, as ["en", "zh"].'
    )
    enabled = models.BooleanField(default=True, help_text="Off: it is not listed.")
    note = models.CharField(max_length=300, blank=True, help_text="Where this is known from.")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["sort", "preset"]
        constraints = [
            models.UniqueConstraint(fields=["sort", "preset"], name="one_correction_per_preset")
        ]

    def __str__(self) -> str:
        return f"{self.sort} {self.preset}"

    def clean(self) -> None:
        """Refuses what no order could name, and languages that are none. Raises ValidationError."""
        told: Any = self.languages
        if not isinstance(told, list) or not all(one in LANGUAGES for one in told):
            raise ValidationError({"languages": f"must be a list of {' and '.join(LANGUAGES)}"})
        number = self.preset.isascii() and self.preset.isdecimal()
        if not (is_token(self.preset) and (number or self.sort == self.Sort.VOICE)):
            raise ValidationError({"preset": "must be an id of Kling's; an element's is a number"})
