"""Settings of the studio under a name, to begin with again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.tenancy import OrganisationOwned
from kling_saas.lib.ids import public_id


def new_recipe_id() -> str:
    return public_id("rcp")


class Recipe(OrganisationOwned):
    """One person's, or the whole team's when `shared`. `fields` are the form's, as typed."""

    public_id = models.CharField(max_length=40, unique=True, default=new_recipe_id)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=60)
    shared = models.BooleanField(default=False)
    fields = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organisation", "user", Lower("name"), name="one_recipe_of_a_name"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="recipe_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
