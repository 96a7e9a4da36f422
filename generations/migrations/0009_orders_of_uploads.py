"""How many orders name an upload, and who sent it: a file goes with the last that asked for it."""

from django.db import migrations, models

from generations import sql_functions


class Migration(migrations.Migration):
    dependencies = [("generations", "0008_retention_of_orders")]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="orders",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text=(
                    "How many orders named it, without those that asked for its end and had it."
                ),
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="sent_by",
            field=models.CharField(
                blank=True,
                help_text=(
                    "The end user who sent it by itself; empty: you, or several; "
                    "null: it came in orders alone."
                ),
                max_length=64,
                null=True,
            ),
        ),
        migrations.RunSQL(
            "DROP FUNCTION generations_accept;" + sql_functions.ACCEPT, migrations.RunSQL.noop
        ),
    ]
