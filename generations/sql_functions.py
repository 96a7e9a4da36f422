"""Accepting a generation in one round trip: idempotency, hold, row and first event together.

The rules are billing's `billing_reserve` for the money and the constraints of the tables for the
rest; this function only puts them into one transaction. Called outside a transaction it is one.
"""

from accounts.sql_functions import across_tenants

# The one look of every poll. Opens its organisation for itself, so it needs no transaction around.
FIND = """
CREATE FUNCTION generations_find(p_organisation bigint, p_livemode boolean, p_public_id text)
RETURNS SETOF generations_generation ROWS 1 LANGUAGE plpgsql AS $$
DECLARE
    v_before text := coalesce(current_setting('app.tenant', true), '');
    v_tenant text := set_config('app.tenant', p_organisation::text, true);
BEGIN
    RETURN QUERY
    SELECT * FROM generations_generation g
     WHERE g.organisation_id = p_organisation AND g.livemode = p_livemode
       AND g.public_id = p_public_id;
    v_tenant := set_config('app.tenant', v_before, true);
END $$;
"""
DROP_FIND = "DROP FUNCTION generations_find;"

ACCEPT = """
CREATE FUNCTION generations_accept(
    p_organisation bigint, p_livemode boolean, p_key text, p_fingerprint text, p_answer text,
    p_public_id text, p_model text, p_kind text, p_params jsonb, p_warnings jsonb,
    p_credits bigint, p_quote bigint, p_door text, p_door_facts jsonb, p_external text,
    p_callback_url text, p_reference text, p_metadata jsonb, p_api_key bigint,
    p_access_key bigint, p_user bigint, p_token text, p_created timestamptz,
    p_deadline timestamptz, p_queue_limit integer, p_uploads text[] DEFAULT NULL,
    p_lane bigint[] DEFAULT NULL, p_sku text DEFAULT '', p_end_user text DEFAULT '',
    p_retention integer DEFAULT NULL,
    OUT outcome text, OUT answer text, OUT generation text
) LANGUAGE plpgsql AS $$
DECLARE
    v_hold bigint;
    v_id bigint;
    v_known record;
    v_named integer;
    v_films bigint[];
    -- Assigned, not performed: a plain expression costs no query.
    v_tenant text := set_config('app.tenant', p_organisation::text, true);
BEGIN
    answer := p_answer;
    generation := p_public_id;
    IF p_key IS NOT NULL THEN
        INSERT INTO accounts_idempotencyrecord
            (organisation_id, livemode, key, fingerprint, status, body, subject, created_at)
        VALUES (p_organisation, p_livemode, p_key, p_fingerprint, 202, p_answer, p_public_id,
                p_created)
        ON CONFLICT (organisation_id, livemode, key) DO NOTHING;
        IF NOT FOUND THEN
            SELECT r.fingerprint, r.body, r.subject INTO v_known
              FROM accounts_idempotencyrecord r
             WHERE r.organisation_id = p_organisation AND r.livemode = p_livemode
               AND r.key = p_key;
            outcome := CASE WHEN v_known.fingerprint = p_fingerprint
                            THEN 'replayed' ELSE 'key_reused' END;
            answer := v_known.body;
            generation := v_known.subject;
            RETURN;
        END IF;
    END IF;
    IF p_external IS NOT NULL THEN
        SELECT g.public_id, g.fingerprint INTO v_known FROM generations_generation g
         WHERE g.organisation_id = p_organisation AND g.livemode = p_livemode
           AND g.external_id = p_external;
        IF FOUND THEN
            outcome := CASE WHEN v_known.fingerprint = p_fingerprint
                            THEN 'known' ELSE 'external_reused' END;
            generation := v_known.public_id;
            -- The answer kept above was for a generation that is not made.
            DELETE FROM accounts_idempotencyrecord r
             WHERE r.organisation_id = p_organisation AND r.livemode = p_livemode
               AND r.key = p_key;
            RETURN;
        END IF;
    END IF;
    -- Locks the wallet's row, so that what follows is counted for one order at a time.
    v_hold := (billing_reserve(p_organisation, p_livemode, p_credits, p_public_id,
        coalesce(p_user, 0), CASE WHEN p_api_key IS NOT NULL THEN 'key:' || p_api_key
                                  WHEN p_access_key IS NOT NULL THEN 'pair:' || p_access_key
                                  ELSE '' END, p_sku, p_end_user)).hold_id;
    IF (SELECT count(*) FROM generations_generation g
         WHERE g.organisation_id = p_organisation AND g.livemode = p_livemode
           AND g.finished_at IS NULL AND g.public_id <> p_public_id) >= p_queue_limit THEN
        RAISE EXCEPTION 'queue full' USING ERRCODE = 'KG001';
    END IF;
    -- From here on they are referred to. The rows' locks hold off whoever deletes them;
    -- what was deleted before is not there to be counted.
    IF p_uploads IS NOT NULL THEN
        UPDATE generations_upload u
           SET used_at = coalesce(u.used_at, now()), orders = u.orders + 1
         WHERE u.organisation_id = p_organisation AND u.livemode = p_livemode
           AND u.public_id = ANY (p_uploads);
        GET DIAGNOSTICS v_named = ROW_COUNT;
        IF v_named <> cardinality(p_uploads) THEN
            RAISE EXCEPTION 'upload gone' USING ERRCODE = 'KG002';
        END IF;
    END IF;
    -- Likewise its films: whoever deletes one for good has its row, and looks for orders then.
    IF p_params::text LIKE '%"gen\\_%' THEN
        v_films := ARRAY(
            SELECT g.id FROM generations_generation g
             WHERE g.organisation_id = p_organisation AND g.livemode = p_livemode
               AND g.public_id IN (
                   SELECT m[1]
                     FROM regexp_matches(p_params::text, '"(gen_[0-9A-Za-z]+)"', 'g') m));
        PERFORM FROM generations_video v WHERE v.generation_id = ANY (v_films) FOR SHARE;
        IF EXISTS (SELECT FROM generations_video v WHERE v.generation_id = ANY (v_films)
                      AND v.kept_until <= clock_timestamp()) THEN
            RAISE EXCEPTION 'film gone' USING ERRCODE = 'KG003';
        END IF;
    END IF;
    INSERT INTO generations_generation (
        organisation_id, livemode, public_id, model, kind, params, warnings, status, version,
        next_run_at, step_attempts, deadline_at, credits, hold_id, quote_id, door, door_facts,
        external_id, fingerprint, callback_url, reference, metadata, api_key_id, access_key_id,
        user_id, upstream_id, callback_token, media_url, error_code, error_message, created_at,
        lane, end_user, retention_days
    ) VALUES (
        p_organisation, p_livemode, p_public_id, p_model, p_kind, p_params, p_warnings,
        'accepted', 0, now(), 0, p_deadline, p_credits, v_hold, p_quote, p_door, p_door_facts,
        p_external, p_fingerprint, p_callback_url, p_reference, p_metadata, p_api_key,
        p_access_key, p_user, '', p_token, '', '', '', p_created, p_lane, p_end_user,
        p_retention
    ) RETURNING id INTO v_id;
    INSERT INTO generations_generationevent
        (organisation_id, livemode, generation_id, sequence, status, at, detail)
    VALUES (p_organisation, p_livemode, v_id, 0, 'accepted', now(), '{}');
    INSERT INTO accounts_outboxmessage
        (organisation_id, livemode, public_id, topic, subject, url, payload, created_at,
         next_attempt_at)
    VALUES (p_organisation, p_livemode, 'evt' || substr(p_public_id, 4), 'generation.queued',
            p_public_id, '', '{}', p_created, now());
    outcome := 'accepted';
END $$;
"""

DROP_ACCEPT = "DROP FUNCTION generations_accept;"

IN_FLIGHT = across_tenants(
    "generations_in_flight(p_account bigint, OUT flying bigint)",
    """
    SELECT count(*) INTO flying FROM generations_generation
     WHERE account_id = p_account AND status IN ('submitting', 'in_flight');""",
)

DROP_FIGURES = "DROP FUNCTION generations_in_flight;"

# Its files may be deleted from then on. The clock is read when the row is ours: the statement may
# have begun long before.
OVER_IS_OVER = """
CREATE FUNCTION generations_over_is_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.kept_until <= clock_timestamp()
        AND coalesce(NEW.kept_until, 'infinity') > clock_timestamp()
    THEN
        RAISE EXCEPTION '%: what is over is not kept again', OLD.public_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER over_is_over BEFORE UPDATE OF kept_until ON generations_video
    FOR EACH ROW EXECUTE FUNCTION generations_over_is_over();
CREATE TRIGGER over_is_over BEFORE UPDATE OF kept_until ON generations_audio
    FOR EACH ROW EXECUTE FUNCTION generations_over_is_over();
"""
DROP_OVER = """
DROP TRIGGER over_is_over ON generations_video;
DROP TRIGGER over_is_over ON generations_audio;
DROP FUNCTION generations_over_is_over;
"""
