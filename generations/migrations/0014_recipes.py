"""Recipes: settings of the studio under a name."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import generations.models.recipe
from accounts.row_security import Protect


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_audit_listing"),
        ("generations", "0013_jobs_of_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Recipe",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=generations.models.recipe.new_recipe_id, max_length=40, unique=True
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("shared", models.BooleanField(default=False)),
                ("fields", models.JSONField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.organisation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("organisation"),
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_recipe_of_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="recipe_has_a_name"
                    ),
                ],
            },
        ),
        Protect("generations_recipe"),
    ]
