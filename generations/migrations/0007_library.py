"""The library: the trash, terms that films are found by, labels, collections, shares, announced files."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import generations.models.library
import generations.models.share
import generations.models.upload
from accounts.row_security import Protect, TenantKey, TenantReference

# A collection's place: its parent, and how deep that lies. It follows when the parent is moved.
_PLACES = """
ALTER TABLE generations_collection
    ADD CONSTRAINT collection_place UNIQUE (organisation_id, livemode, id, depth),
    ADD CONSTRAINT collection_above FOREIGN KEY (organisation_id, livemode, parent_id, parent_depth)
        REFERENCES generations_collection (organisation_id, livemode, id, depth)
        ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE generations_placement
    ADD CONSTRAINT placement_collection_same_tenant
        FOREIGN KEY (organisation_id, livemode, collection_id)
        REFERENCES generations_collection (organisation_id, livemode, id) ON DELETE CASCADE;
"""
_NO_PLACES = """
ALTER TABLE generations_placement DROP CONSTRAINT placement_collection_same_tenant;
ALTER TABLE generations_collection DROP CONSTRAINT collection_above;
ALTER TABLE generations_collection DROP CONSTRAINT collection_place;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_tenancy_in_the_database"),
        ("generations", "0006_reconciliation"),
    ]

    operations = [
        migrations.CreateModel(
            name="Collection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("livemode", models.BooleanField()),
                (
                    "public_id",
                    models.CharField(
                        default=generations.models.library.new_collection_id,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("parent_depth", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "depth",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            django.db.models.functions.comparison.Coalesce(
                                models.F("parent_depth"), 0
                            ),
                            "+",
                            models.Value(1),
                        ),
                        output_field=models.PositiveSmallIntegerField(),
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Placement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("livemode", models.BooleanField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="VideoTerm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("livemode", models.BooleanField()),
                ("term", models.CharField(db_collation="C", max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name="audio",
            name="promised_until",
            field=models.DateTimeField(
                blank=True, help_text="What `kept_until` was before that.", null=True
            ),
        ),
        migrations.AddField(
            model_name="audio",
            name="trashed_at",
            field=models.DateTimeField(
                blank=True, help_text="When its owner put it into the trash.", null=True
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="trashed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it was deleted by its owner: no list shows it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="favourite",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="video",
            name="promised_until",
            field=models.DateTimeField(
                blank=True, help_text="What `kept_until` was before that.", null=True
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="title",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="video",
            name="trashed_at",
            field=models.DateTimeField(
                blank=True, help_text="When its owner put it into the trash.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="video",
            index=models.Index(
                condition=models.Q(("favourite", True)),
                fields=["organisation", "livemode", "-id"],
                name="video_favourites",
            ),
        ),
        migrations.AddIndex(
            model_name="video",
            index=models.Index(
                condition=models.Q(("trashed_at__isnull", False)),
                fields=["organisation", "livemode", "-id"],
                name="video_trash",
            ),
        ),
        migrations.AddConstraint(
            model_name="audio",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("promised_until", None), ("trashed_at", None)),
                    models.Q(("kept_until__isnull", False), ("trashed_at__isnull", False)),
                    _connector="OR",
                ),
                name="audio_ends_in_the_trash",
            ),
        ),
        migrations.AddConstraint(
            model_name="video",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("promised_until", None), ("trashed_at", None)),
                    models.Q(("kept_until__isnull", False), ("trashed_at__isnull", False)),
                    _connector="OR",
                ),
                name="video_ends_in_the_trash",
            ),
        ),
        migrations.AddField(
            model_name="collection",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="accounts.organisation"
            ),
        ),
        migrations.AddField(
            model_name="collection",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to="generations.collection",
            ),
        ),
        migrations.AddField(
            model_name="placement",
            name="collection",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to="generations.collection",
            ),
        ),
        migrations.AddField(
            model_name="placement",
            name="organisation",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="accounts.organisation",
            ),
        ),
        migrations.AddField(
            model_name="placement",
            name="video",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="generations.video",
            ),
        ),
        migrations.AddField(
            model_name="videoterm",
            name="organisation",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="accounts.organisation",
            ),
        ),
        migrations.AddField(
            model_name="videoterm",
            name="video",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="generations.video",
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                fields=["organisation", "livemode", "-id"], name="collection_listing"
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parent_depth", None), ("parent_depth__lt", 5), _connector="OR"
                ),
                name="collection_is_not_too_deep",
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("parent", None), ("parent_depth", None)),
                    models.Q(("parent__isnull", False), ("parent_depth__isnull", False)),
                    _connector="OR",
                ),
                name="collection_knows_its_parents_depth",
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                models.F("organisation"),
                models.F("livemode"),
                models.F("parent"),
                django.db.models.functions.text.Lower("name"),
                name="one_collection_of_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                models.F("organisation"),
                models.F("livemode"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("parent", None)),
                name="one_collection_of_a_name_on_top",
            ),
        ),
        migrations.AddConstraint(
            model_name="placement",
            constraint=models.UniqueConstraint(
                fields=("collection", "video"), name="one_place_in_a_collection"
            ),
        ),
        migrations.AddIndex(
            model_name="videoterm",
            index=models.Index(fields=["video", "term"], name="terms_of_a_video"),
        ),
        migrations.AddConstraint(
            model_name="videoterm",
            constraint=models.UniqueConstraint(
                fields=("organisation", "livemode", "term", "video"), name="one_row_per_term"
            ),
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("livemode", models.BooleanField()),
                (
                    "public_id",
                    models.CharField(
                        default=generations.models.share.new_share_id, max_length=40, unique=True
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("token_sealed", models.CharField(max_length=200)),
                (
                    "password",
                    models.CharField(
                        blank=True, help_text="Its hash; empty: none.", max_length=200
                    ),
                ),
                (
                    "visibility",
                    models.CharField(
                        choices=[("unlisted", "Unlisted"), ("public", "Public")],
                        default="unlisted",
                        max_length=8,
                    ),
                ),
                ("max_views", models.PositiveIntegerField(blank=True, null=True)),
                ("views", models.PositiveIntegerField(default=0)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Wrong passwords since `tried_since`."
                    ),
                ),
                ("tried_since", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.organisation",
                    ),
                ),
                (
                    "video",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="generations.video",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("expires_at__isnull", False)),
                        fields=["expires_at"],
                        name="share_ends",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_views", None),
                            ("views__lte", models.F("max_views")),
                            _connector="OR",
                        ),
                        name="share_is_seen_as_often_as_allowed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("revoked_at", None),
                            ("expires_at__lte", models.F("revoked_at")),
                            _connector="OR",
                        ),
                        name="share_ends_when_revoked",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Incoming",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("livemode", models.BooleanField()),
                (
                    "public_id",
                    models.CharField(
                        default=generations.models.upload.new_upload_id, max_length=40, unique=True
                    ),
                ),
                ("content_type", models.CharField(max_length=20)),
                ("bytes", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("expires_at", models.DateTimeField(help_text="Until then it may be sent.")),
                (
                    "became",
                    models.CharField(blank=True, help_text="The upload's id.", max_length=40),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["organisation", "livemode", "-id"], name="upload_listing"),
        ),
        migrations.AddField(
            model_name="incoming",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="accounts.organisation"
            ),
        ),
        migrations.AddIndex(
            model_name="incoming",
            index=models.Index(fields=["created_at"], name="incoming_age"),
        ),
        Protect("generations_videoterm"),
        Protect("generations_collection"),
        Protect("generations_placement"),
        Protect("generations_share"),
        Protect("generations_incoming"),
        TenantKey("generations_video"),
        TenantKey("generations_collection"),
        TenantReference("generations_videoterm", "video_id", "generations_video"),
        TenantReference("generations_placement", "video_id", "generations_video"),
        TenantReference("generations_share", "video_id", "generations_video"),
        migrations.RunSQL(_PLACES, _NO_PLACES),
    ]
