"""A status look finds its generation in one round trip."""

from django.db import migrations

from generations import sql_functions


class Migration(migrations.Migration):
    dependencies = [("generations", "0010_films_of_orders")]

    operations = [migrations.RunSQL(sql_functions.FIND, sql_functions.DROP_FIND)]
