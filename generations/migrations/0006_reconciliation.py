"""Reconciliation: its runs, upstreams' meters, which uploads orders refer to."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from generations import sql_functions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_tenancy_in_the_database"),
        ("generations", "0005_turns"),
    ]

    operations = [
        migrations.CreateModel(
            name="MeterReading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "used",
                    models.JSONField(
                        default=dict, help_text="Units by resource pack, since it was bought."
                    ),
                ),
                (
                    "balance",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Dollars left.",
                        max_digits=14,
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("by_hand", models.BooleanField(default=False)),
                (
                    "account",
                    models.CharField(blank=True, help_text="Empty: everything.", max_length=40),
                ),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("stage", models.PositiveSmallIntegerField(default=0)),
                ("after", models.CharField(blank=True, max_length=1100)),
                ("version", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "counts",
                    models.JSONField(
                        default=dict, help_text="Found, done and left to a person, by kind."
                    ),
                ),
                ("findings", models.JSONField(default=list, help_text="The first of each kind.")),
                ("left", models.PositiveIntegerField(default=0, help_text="Left to a person.")),
            ],
            options={
                "ordering": ["-started_at"],
            },
        ),
        migrations.AddField(
            model_name="attempt",
            name="expected_cost",
            field=models.DecimalField(
                blank=True,
                decimal_places=4,
                help_text="Dollars by the account's cost book, when the cost was told.",
                max_digits=12,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="sent_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="When it came last."
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="used_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When a generation first referred to it; null: none does.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    ("credential", "An upstream refuses our credential"),
                    ("balance", "An upstream account is empty"),
                    ("suspense", "A film may be billed and is not here"),
                    ("overcharged", "An upstream took more than its price"),
                    ("poison", "An order kills its workers"),
                    ("bill", "An upstream's bill is not what our books say"),
                    ("missing", "A stored file is gone"),
                    ("refused", "An upstream does not make a model"),
                    ("stopped", "An upstream takes no orders of a model"),
                    ("stuck", "A hold that nobody settles"),
                    ("unfetched", "Finished films cannot be fetched"),
                    ("unstored", "Finished films cannot be stored"),
                    ("undeleted", "Files that were kept long enough cannot be deleted"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                condition=models.Q(("used_at", None)), fields=["sent_at"], name="upload_unused"
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["key"], name="upload_by_key"),
        ),
        migrations.AddField(
            model_name="meterreading",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, to="generations.provideraccount"
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("by_hand", False), ("finished_at", None)),
                fields=("by_hand",),
                name="one_open_reconciliation",
            ),
        ),
        migrations.AddIndex(
            model_name="meterreading",
            index=models.Index(fields=["account", "at"], name="readings_of_an_account"),
        ),
        migrations.RunSQL(
            "DROP FUNCTION generations_accept;" + sql_functions.ACCEPT, migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "CREATE INDEX generation_given_up ON generations_generation (finished_at) "
            "WHERE status = 'failed';"
            "CREATE INDEX generation_kept_here ON generations_generation (id) "
            "WHERE status = 'failed' AND media_url LIKE 'stored:%';"
            # What was kept until now may be referred to.
            "SELECT set_config('app.tenant', '*', true);"
            "UPDATE generations_upload SET used_at = created_at, sent_at = created_at;",
            "DROP INDEX generation_kept_here; DROP INDEX generation_given_up;",
        ),
    ]
