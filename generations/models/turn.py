"""How far each organisation has come in the round of turns."""

from __future__ import annotations

from django.db import models

from accounts.tenancy import TenantRow


class Turn(TenantRow):
    """The tags of an organisation's last turn, on a clock that hand-overs move.

    A turn takes 232,792,560 / weight (that number is divisible by 1 to 20, so that such weights
    are exact). Whoever comes with nothing behind begins at the clock, which is the greatest
    `started`. The row is also the lock under which an organisation's films under way are counted.
    """

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, db_index=False
    )
    started = models.BigIntegerField(default=0)
    finished = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "livemode"], name="one_row_of_turns")
        ]
        indexes = [models.Index(fields=["-started"], name="turn_clock")]

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.started}"
