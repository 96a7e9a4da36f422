from django.db import migrations, models

_EMPTY = {"blank": True, "default": "", "db_default": ""}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_audit_listing")]

    operations = [
        migrations.AddField("user", "language", models.CharField(max_length=12, **_EMPTY)),
        migrations.AddField("user", "time_zone", models.CharField(max_length=64, **_EMPTY)),
        migrations.AddField(
            "user",
            "density",
            models.CharField(max_length=8, choices=[("compact", "Compact")], **_EMPTY),
        ),
        migrations.AddField(
            "user",
            "motion",
            models.CharField(max_length=8, choices=[("reduce", "Reduced")], **_EMPTY),
        ),
        migrations.AddField(
            "user", "shortcuts_off", models.JSONField(blank=True, default=list, db_default=[])
        ),
    ]
