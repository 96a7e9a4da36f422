"""An order holds the films that it names while it is accepted, so that none is deleted then."""

from django.db import migrations

from generations import sql_functions


class Migration(migrations.Migration):
    dependencies = [("generations", "0009_orders_of_uploads")]

    operations = [
        migrations.RunSQL(
            "DROP FUNCTION generations_accept;" + sql_functions.ACCEPT, migrations.RunSQL.noop
        ),
    ]
