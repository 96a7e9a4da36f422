"""How many orders the accounts in service have room for."""

from django.db import migrations

from generations import sql_functions


class Migration(migrations.Migration):
    dependencies = [("generations", "0004_other_products")]

    operations = [migrations.RunSQL(sql_functions.ROOM, sql_functions.DROP_ROOM)]
