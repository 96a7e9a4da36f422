from django.db import migrations, models

from accounts import sql_functions


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_preferences")]

    operations = [
        migrations.AddField(
            "user",
            "leaves_at",
            models.DateTimeField(
                null=True,
                blank=True,
                db_index=True,
                help_text="When the account is deleted, if it is.",
            ),
        ),
        migrations.AddField("user", "leaving_told_at", models.DateTimeField(null=True, blank=True)),
        migrations.RunSQL(sql_functions.LEAVINGS, sql_functions.DROP_LEAVINGS),
    ]
