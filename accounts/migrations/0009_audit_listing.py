from django.db import migrations, models

import accounts.models.audit


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_calls_by_time")]

    operations = [
        migrations.AlterField(
            "auditevent",
            "address",
            models.GenericIPAddressField(null=True, blank=True, default=accounts.models.audit.here),
        ),
        migrations.AddIndex(
            "auditevent", models.Index(fields=["organisation", "-id"], name="audit_listing")
        ),
    ]
