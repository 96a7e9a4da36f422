from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_members_and_invitations")]

    operations = [
        migrations.AddField(
            "organisation",
            "is_first",
            models.BooleanField(
                default=True,
                db_default=True,
                help_text="Its founder had none before: credits to welcome.",
            ),
        ),
        migrations.AddField(
            "membership",
            "last_seen_at",
            models.DateTimeField(null=True, blank=True, help_text="To the hour."),
        ),
    ]
