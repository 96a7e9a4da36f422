import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import Protect


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_webhooks")]

    operations = [
        migrations.CreateModel(
            name="ApiCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("livemode", models.BooleanField()),
                ("request_id", models.UUIDField(unique=True)),
                ("at", models.DateTimeField()),
                ("ms", models.PositiveIntegerField(null=True)),
                ("method", models.CharField(max_length=10)),
                ("path", models.CharField(max_length=500)),
                ("query", models.CharField(blank=True, max_length=1000)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("credential", models.CharField(blank=True, max_length=40)),
                ("end_user", models.CharField(blank=True, max_length=64)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("request_headers", models.JSONField(default=dict)),
                ("request_body", models.TextField(blank=True)),
                ("response_headers", models.JSONField(default=dict)),
                ("response_body", models.TextField(blank=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.organisation",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "livemode", "id"], name="calls_of_one"),
                    models.Index(fields=["at"], name="calls_by_age"),
                ],
            },
        ),
        Protect("accounts_apicall"),
    ]
