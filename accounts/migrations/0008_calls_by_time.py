"""The calls of one customer since a moment are found without reading those before it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_jobs_seen")]

    operations = [
        migrations.AddIndex(
            model_name="apicall",
            index=models.Index(
                fields=["organisation", "livemode", "at"], name="calls_of_one_by_time"
            ),
        ),
    ]
