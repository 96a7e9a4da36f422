"""How a customer keeps films in order: the terms they are found by, and collections."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.tenancy import TenantPart, TenantRow
from kling_saas.lib.ids import public_id

DEEPEST = 5


def new_collection_id() -> str:
    return public_id("col")


class VideoTerm(TenantPart):
    """One term of one film; `generations.terms` says which there are."""

    video = models.ForeignKey(
        "generations.Video", on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    term = models.CharField(max_length=64, db_collation="C")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode", "term", "video"], name="one_row_per_term"
            )
        ]
        indexes = [models.Index(fields=["video", "term"], name="terms_of_a_video")]

    def __str__(self) -> str:
        return self.term


class Collection(TenantRow):
    """Films under a name, at most DEEPEST collections deep.

    `parent` and `parent_depth` are one key to (id, depth) of the collection above, which follows
    when that is moved. As the depth grows with every step down and is limited, no circle can be
    closed, whoever moves what at once.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_collection_id)
    name = models.CharField(max_length=100)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False
    )
    parent_depth = models.PositiveSmallIntegerField(null=True, blank=True)
    depth = models.GeneratedField(
        expression=Coalesce(F("parent_depth"), 0) + 1,
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(parent_depth=None) | Q(parent_depth__lt=DEEPEST),
                name="collection_is_not_too_deep",
            ),
            models.CheckConstraint(
                condition=Q(parent=None, parent_depth=None)
                | Q(parent__isnull=False, parent_depth__isnull=False),
                name="collection_knows_its_parents_depth",
            ),
            models.UniqueConstraint(
                "organisation", "livemode", "parent", Lower("name"),
                name="one_collection_of_a_name",
            ),
            models.UniqueConstraint(
                "organisation", "livemode", Lower("name"),
                condition=Q(parent=None), name="one_collection_of_a_name_on_top",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["organisation", "livemode", "-id"], name="collection_listing")
        ]

    def __str__(self) -> str:
        return self.public_id


class Placement(TenantPart):
    """A film in a collection."""

    collection = models.ForeignKey(
        Collection, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    video = models.ForeignKey("generations.Video", on_delete=models.PROTECT, db_constraint=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "video"], name="one_place_in_a_collection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.video_id} in {self.collection_id}"
