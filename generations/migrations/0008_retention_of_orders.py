"""An order may say for how long what it makes, and what it began with, is kept at most."""

from django.conf import settings
from django.db import migrations, models

from generations import sql_functions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_webhooks"),
        ("billing", "0002_the_ledger_in_the_database"),
        ("generations", "0007_library"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="audio",
            name="ends_by",
            field=models.DateTimeField(
                blank=True, help_text="As its order asked; no plan keeps it longer.", null=True
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="inputs_removed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the files that it began with went, as it asked.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="retention_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What it makes and began with is kept no longer; empty: as the plan says.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="ends_by",
            field=models.DateTimeField(
                blank=True, help_text="As its order asked; no plan keeps it longer.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("inputs_removed_at", None), ("retention_days__isnull", False)),
                fields=["finished_at"],
                name="generation_inputs_due",
            ),
        ),
        migrations.RunSQL(
            "DROP FUNCTION generations_accept;" + sql_functions.ACCEPT, migrations.RunSQL.noop
        ),
    ]
