"""A person's newest jobs are found at once."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_jobs_seen"),
        ("billing", "0002_the_ledger_in_the_database"),
        ("generations", "0012_costs_and_tags_are_found"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("user__isnull", False)),
                fields=["user", "-id"],
                name="generation_of_person",
            ),
        ),
    ]
