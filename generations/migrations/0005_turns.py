"""Turns between organisations, and the figures of the queue."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import Protect
from generations import queue_functions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_tenancy_in_the_database"),
        ("generations", "0004_other_products"),
    ]

    operations = [
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("livemode", models.BooleanField()),
                ("started", models.BigIntegerField(default=0)),
                ("finished", models.BigIntegerField(default=0)),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.organisation",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-started"], name="turn_clock")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "livemode"), name="one_row_of_turns"
                    )
                ],
            },
        ),
        Protect("generations_turn"),
        migrations.AddField(
            model_name="generation",
            name="lane",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                help_text="Accounts that can make it; it waits for a place at one. Null: not known.",
                null=True,
                size=None,
            ),
        ),
        migrations.RunSQL(queue_functions.CREATE, queue_functions.DROP),
    ]
