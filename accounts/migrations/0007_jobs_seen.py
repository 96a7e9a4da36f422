"""What ended of a person's jobs is news until they looked."""

import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_team"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="jobs_seen_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                default=django.utils.timezone.now,
                help_text="What ended of theirs before is no news to them.",
            ),
        ),
    ]
