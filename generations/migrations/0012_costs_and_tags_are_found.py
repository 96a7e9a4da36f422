"""Films that are there already are found by what they cost, by their tags, and by what they
were made of, too."""

from django.db import migrations

_TERMS = """
SELECT set_config('app.tenant', '*', true);
INSERT INTO generations_videoterm (organisation_id, livemode, video_id, term)
SELECT video.organisation_id, video.livemode, video.id, found.term
  FROM generations_video video
  JOIN generations_generation made ON made.id = video.generation_id
 CROSS JOIN LATERAL (
       SELECT 'cost:' || lpad(coalesce(made.charged, made.credits)::text, 10, '0') AS term
        UNION SELECT 'tag:' || left(lower(normalize(tag, NFKC)), 40) FROM unnest(video.tags) tag
        UNION SELECT 'from:' || named.value FROM jsonb_each_text(made.params) named
               WHERE named.value ~ '^(gen|vid)_[0-9A-Za-z]{1,50}$'
       ) found
 WHERE video.removed_at IS NULL
    ON CONFLICT DO NOTHING;
SELECT set_config('app.tenant', '', true);
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0011_one_look")]

    operations = [migrations.RunSQL(_TERMS, migrations.RunSQL.noop)]
