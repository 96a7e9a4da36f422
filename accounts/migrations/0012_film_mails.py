from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_leaving")]

    operations = [
        migrations.AddField(
            "user",
            "film_mails",
            models.CharField(
                max_length=8,
                blank=True,
                default="",
                db_default="",
                choices=[
                    ("each", "Each film"),
                    ("failures", "Failures only"),
                    ("digest", "Once a day"),
                ],
            ),
        ),
        migrations.AddField(
            "user", "films_told_until", models.DateTimeField(null=True, blank=True)
        ),
        migrations.AddField(
            "user", "films_lease_until", models.DateTimeField(null=True, blank=True)
        ),
        migrations.AddIndex(
            "user",
            models.Index(
                fields=["films_told_until"],
                condition=~models.Q(film_mails=""),
                name="user_film_mails",
            ),
        ),
    ]
