"""Sounds, what upstreams tell of their results, and corrections of the other products."""

import django.db.models.deletion
import django.db.models.fields.json
import django.db.models.functions.comparison
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import generations.models.audio
import generations.models.correction
from accounts.row_security import Protect, TenantReference
from generations import sql_functions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_tenancy_in_the_database"),
        ("generations", "0003_health_of_upstreams"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProductCorrection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "product",
                    models.CharField(
                        choices=generations.models.correction.choices, max_length=40, unique=True
                    ),
                ),
                (
                    "enabled",
                    models.BooleanField(default=True, help_text="Off: it cannot be ordered."),
                ),
                ("limits", models.JSONField(blank=True, default=dict)),
                (
                    "words",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Of custom-voice: what Segmind's page kling-create-voice calls "
                        'things, as {"recording": "voice_url", "name": "voice_name", '
                        '"voice": "voice_id"}.',
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Where this is known from.", max_length=300
                    ),
                ),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["product"],
            },
        ),
        migrations.CreateModel(
            name="PresetCorrection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "sort",
                    models.CharField(
                        choices=[("voice", "Voice"), ("element", "Element")], max_length=7
                    ),
                ),
                (
                    "preset",
                    models.CharField(
                        help_text="As orders name it.", max_length=120, verbose_name="id"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                (
                    "languages",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text='Which a voice speaks, as ["en", "zh"].',
                    ),
                ),
                (
                    "enabled",
                    models.BooleanField(default=True, help_text="Off: it is not listed."),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Where this is known from.", max_length=300
                    ),
                ),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["sort", "preset"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("sort", "preset"), name="one_correction_per_preset"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="generation",
            name="deleted_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the voice or element that it made was deleted.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="made",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="What the upstream told of the result: ids of film and sound, facts.",
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="known_as",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Left(
                    django.db.models.functions.comparison.Coalesce(
                        django.db.models.fields.json.KT("made__facts__element_id"),
                        django.db.models.fields.json.KT("made__facts__voice_id"),
                    ),
                    120,
                ),
                help_text="What the upstream calls the voice or element that it made.",
                output_field=models.TextField(null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("known_as__isnull", False)),
                fields=["known_as"],
                name="generation_known_as",
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="marked_key",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The same film with the watermark that was ordered.",
                max_length=200,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="upload",
            name="duration_ms",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="upload",
            name="fps",
            field=models.FloatField(
                blank=True, help_text="Frames a second; films alone.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="kind",
            field=models.CharField(max_length=40),
        ),
        migrations.CreateModel(
            name="Audio",
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
                        default=generations.models.audio.new_audio_id, max_length=40, unique=True
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                (
                    "wav_key",
                    models.CharField(
                        blank=True,
                        help_text="The same as WAV, where Kling gives both.",
                        max_length=200,
                    ),
                ),
                ("content_type", models.CharField(max_length=20)),
                ("bytes", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("duration_ms", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "kept_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="From then on it is gone for everybody; empty: kept.",
                        null=True,
                    ),
                ),
                (
                    "removed_at",
                    models.DateTimeField(
                        blank=True, help_text="When its files had been deleted.", null=True
                    ),
                ),
                (
                    "removal_failed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When they were last tried to be deleted, in vain.",
                        null=True,
                    ),
                ),
                (
                    "generation",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="generations.generation",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.organisation",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("kept_until__isnull", False), ("removed_at", None)),
                        fields=["kept_until"],
                        name="audio_ends",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("removed_at", None),
                            models.Q(
                                ("kept_until__isnull", False),
                                ("removed_at__gte", models.F("kept_until")),
                            ),
                            _connector="OR",
                        ),
                        name="audio_is_kept_as_promised",
                    )
                ],
            },
        ),
        Protect("generations_audio"),
        TenantReference("generations_audio", "generation_id", "generations_generation"),
        migrations.RunSQL(sql_functions.OVER_IS_OVER, sql_functions.DROP_OVER),
    ]
