"""What stored films and sounds have in common: for how long they are kept, and the trash."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.tenancy import TenantPart


class Retained(TenantPart):
    """A row that outlives its files: these go when `kept_until` is over."""

    kept_until = models.DateTimeField(
        null=True, blank=True, help_text="From then on it is gone for everybody; empty: kept."
    )
    removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its files had been deleted."
    )
    removal_failed_at = models.DateTimeField(
        null=True, blank=True, help_text="When they were last tried to be deleted, in vain."
    )
    created_at = models.DateTimeField(default=timezone.now)
    trashed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its owner put it into the trash."
    )
    promised_until = models.DateTimeField(
        null=True, blank=True, help_text="What `kept_until` was before that."
    )

    ends_by = models.DateTimeField(
        null=True, blank=True, help_text="As its order asked; no plan keeps it longer."
    )

    KEYS: ClassVar[tuple[str, ...]]
    """The columns that name its files, the film or sound itself first."""

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at=None)
                | Q(kept_until__isnull=False, removed_at__gte=F("kept_until")),
                name="%(class)s_is_kept_as_promised",
            ),
            models.CheckConstraint(
                condition=Q(trashed_at=None, promised_until=None)
                | Q(trashed_at__isnull=False, kept_until__isnull=False),
                name="%(class)s_ends_in_the_trash",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kept_until"],
                name="%(class)s_ends",
                condition=Q(kept_until__isnull=False, removed_at=None),
            )
        ]

    @property
    def keys(self) -> list[str]:
        """The names of its files in the storage."""
        return [key for column in self.KEYS if (key := getattr(self, column))]

    @property
    def over(self) -> bool:
        """Whether it is gone, its files deleted already or not."""
        return self.kept_until is not None and self.kept_until <= timezone.now()

    @property
    def away(self) -> bool:
        """Whether nobody is shown it: it is over, or in the trash."""
        return self.over or self.trashed_at is not None

    @property
    def farewell(self) -> str:
        """Why nobody is shown it, as a sentence goes on behind its name."""
        end = f"{self.kept_until:%Y-%m-%d}" if self.kept_until else ""
        if self.trashed_at is None:
            return f"was kept until {end} and is deleted"
        begin = f"was put into the trash on {self.trashed_at:%Y-%m-%d}"
        if self.over:
            return f"{begin} and is deleted"
        return f"{begin} and is deleted on {end}, unless it is restored before"

    @property
    def days_kept(self) -> int | None:
        """For how many days it is or was kept; None for good."""
        if self.kept_until is None:
            return None
        return round((self.kept_until - self.created_at) / timedelta(days=1))
