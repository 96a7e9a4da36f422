"""The accounts' functions in the database: look-ups that come before a tenant is known.

Each widens `app.tenant` for its own queries and puts it back; an error undoes it with the
transaction. (A SET clause on the function would need a superuser's grant.)
"""


def across_tenants(head: str, body: str, declared: str = "") -> str:
    """A plpgsql function whose body sees every tenant; it must not RETURN before its end."""
    return f"""
CREATE FUNCTION {head} LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_before text := coalesce(current_setting('app.tenant', true), '');
    {declared}
BEGIN
    PERFORM set_config('app.tenant', '*', true);
    {body}
    PERFORM set_config('app.tenant', v_before, true);
END $$;
"""


_TERMS = (
    "scopes text[], allowed_models text[], allowed_networks text[], key_rate integer, "
    "organisation_rate integer, expires_at timestamptz"
)

FIND_API_KEY = across_tenants(
    "accounts_find_api_key(p_key_id text, p_hash bytea) RETURNS TABLE (organisation_id bigint, "
    f"livemode boolean, key_pk bigint, suspended boolean, raw_video boolean, {_TERMS})",
    """
    -- One write in ten minutes and key: a busy key costs no more than a read.
    UPDATE accounts_apikey k SET last_used_at = now()
     WHERE k.key_id = p_key_id AND p_hash IN (k.secret_hash, k.previous_hash)
       AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '10 minutes');
    RETURN QUERY
    SELECT * FROM (
        SELECT k.organisation_id, k.livemode, k.id, o.suspended_at IS NOT NULL, k.raw_video,
               k.scopes::text[], k.allowed_models::text[], k.allowed_networks::text[],
               k.requests_per_minute, o.requests_per_minute,
               -- What a rotation replaced ends when the overlap does, or sooner with the key.
               CASE WHEN k.secret_hash = p_hash THEN k.expires_at
                    ELSE least(k.expires_at, k.previous_until) END AS until
          FROM accounts_apikey k JOIN accounts_organisation o ON o.id = k.organisation_id
         WHERE k.key_id = p_key_id AND k.revoked_at IS NULL
           AND (k.secret_hash = p_hash
                OR k.previous_hash = p_hash AND k.previous_until IS NOT NULL)) found
     WHERE found.until IS NULL OR found.until > now();""",
)

FIND_ACCESS_KEY = across_tenants(
    "accounts_find_access_key(p_access_key text) RETURNS TABLE (organisation_id bigint, "
    "livemode boolean, key_pk bigint, suspended boolean, sealed_secret text, "
    f"previous_secret text, previous_until timestamptz, {_TERMS})",
    """
    RETURN QUERY
    SELECT k.organisation_id, k.livemode, k.id, o.suspended_at IS NOT NULL, k.sealed_secret,
           k.previous_secret, k.previous_until, k.scopes::text[], k.allowed_models::text[],
           k.allowed_networks::text[], k.requests_per_minute, o.requests_per_minute, k.expires_at
      FROM accounts_accesskey k JOIN accounts_organisation o ON o.id = k.organisation_id
     WHERE k.access_key = p_access_key AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > now());""",
)

# What its parent may do no more, it may not either.
FIND_TOKEN = across_tenants(
    "accounts_find_token(p_token_id text, p_hash bytea) RETURNS TABLE (organisation_id bigint, "
    "livemode boolean, api_key_pk bigint, access_key_pk bigint, suspended boolean, end_user text, "
    f"{_TERMS})",
    """
    RETURN QUERY
    SELECT t.organisation_id, t.livemode, t.api_key_id, t.access_key_id,
           o.suspended_at IS NOT NULL, t.end_user::text,
           ARRAY(SELECT unnest(t.scopes)::text
                 INTERSECT SELECT unnest(coalesce(k.scopes, p.scopes))::text),
           (SELECT CASE WHEN cardinality(mine) = 0 THEN theirs
                        WHEN cardinality(theirs) = 0 THEN mine
                        -- No names at all would be every model: where both agree on none, one
                        -- that no model has.
                        ELSE coalesce(nullif(ARRAY(SELECT unnest(mine) INTERSECT
                                                   SELECT unnest(theirs)), '{}'), '{none}') END
              FROM (SELECT t.allowed_models::text[] AS mine,
                           coalesce(k.allowed_models, p.allowed_models)::text[] AS theirs) both_),
           '{}'::text[],
           coalesce(k.requests_per_minute, p.requests_per_minute), o.requests_per_minute,
           least(t.expires_at, k.expires_at, p.expires_at)
      FROM accounts_endusertoken t
      JOIN accounts_organisation o ON o.id = t.organisation_id
      LEFT JOIN accounts_apikey k ON k.id = t.api_key_id
      LEFT JOIN accounts_accesskey p ON p.id = t.access_key_id
     WHERE t.token_id = p_token_id AND t.secret_hash = p_hash AND t.revoked_at IS NULL
       AND k.revoked_at IS NULL AND p.revoked_at IS NULL
       AND least(t.expires_at, k.expires_at, p.expires_at) > now();""",
)

MEMBERSHIPS = across_tenants(
    "accounts_memberships(p_user_id bigint) RETURNS TABLE (organisation_id bigint, role text)",
    """
    RETURN QUERY
    SELECT m.organisation_id, m.role::text FROM accounts_membership m
     WHERE m.user_id = p_user_id ORDER BY m.id;""",
)


def _counted(table: str, *columns: str, deleted: bool = True) -> str:
    """Triggers that count a change of these columns, as each makes every process look up all
    credentials anew; what writes a value that was there counts nothing.
    """
    before, after = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    ends = f"""
CREATE TRIGGER ends_are_counted AFTER DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION accounts_count_change();"""
    return f"""
CREATE TRIGGER changes_are_counted AFTER UPDATE OF {", ".join(columns)} ON {table}
    FOR EACH ROW WHEN (({before}) IS DISTINCT FROM ({after}))
    EXECUTE FUNCTION accounts_count_change();{ends if deleted else ""}
"""


_TERMS_OF_KEYS = (
    "revoked_at", "expires_at", "previous_until", "scopes", "allowed_models", "allowed_networks",
    "requests_per_minute",
)  # fmt: skip

# Counts whatever may close a door, in the transaction that closes it: see accounts/proven.py.
_COUNT = """
CREATE TABLE accounts_credential_changes (changes bigint NOT NULL);
INSERT INTO accounts_credential_changes VALUES (0);
CREATE FUNCTION accounts_count_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE accounts_credential_changes SET changes = changes + 1;
    RETURN NULL;
END $$;
"""
CHANGES = "".join(
    (
        _COUNT,
        _counted("accounts_apikey", "secret_hash", "raw_video", *_TERMS_OF_KEYS),
        _counted("accounts_accesskey", "sealed_secret", *_TERMS_OF_KEYS),
        _counted("accounts_endusertoken", "revoked_at", "expires_at", deleted=False),
        _counted("accounts_organisation", "suspended_at", "requests_per_minute"),
    )
)

# The counts of accounts/limits.py. Unlogged: after a crash of the database everybody begins anew.
# `tat` is when a subject would be whole again; it may lie a minute ahead, as that is the window.
# A request is counted first, in one statement that also locks, and given back where it is one too
# many: that is rare. Locked in the order of their names, so that two requests never wait for each
# other; the clock is read again once a lock is there.
RATES = """
CREATE UNLOGGED TABLE accounts_rate (
    subject text PRIMARY KEY, tat timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX rate_over ON accounts_rate (tat);
CREATE FUNCTION accounts_take(
    p_subjects text[], p_rates integer[], OUT admitted boolean, OUT used double precision[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_tats timestamptz[];
BEGIN
    WITH taken AS (
        INSERT INTO accounts_rate AS r
        SELECT a.subject, v_now + make_interval(secs => 60.0 / a.rate)
          FROM unnest(p_subjects, p_rates) a (subject, rate) ORDER BY a.subject
            ON CONFLICT (subject) DO UPDATE
           SET tat = greatest(r.tat, clock_timestamp()) + (excluded.tat - v_now)
        RETURNING subject, tat
    )
    SELECT array_agg(t.tat ORDER BY array_position(p_subjects, t.subject)) INTO v_tats
      FROM taken t;
    v_now := clock_timestamp();
    admitted := true;
    FOR n IN 1 .. cardinality(p_rates) LOOP
        used[n] := greatest(60.0 / p_rates[n], extract(epoch FROM v_tats[n] - v_now));
        admitted := admitted AND used[n] <= 60.000001;
    END LOOP;
    IF NOT admitted THEN
        FOR n IN 1 .. cardinality(p_rates) LOOP
            used[n] := used[n] - 60.0 / p_rates[n];
        END LOOP;
        UPDATE accounts_rate r SET tat = r.tat - make_interval(secs => 60.0 / a.rate)
          FROM unnest(p_subjects, p_rates) a (subject, rate) WHERE r.subject = a.subject;
    END IF;
END $$;
CREATE FUNCTION accounts_forget_rates() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_gone bigint;
BEGIN
    WITH old AS (
        SELECT subject FROM accounts_rate WHERE tat < now() - interval '1 minute'
         ORDER BY tat LIMIT 5000 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM accounts_rate r USING old WHERE r.subject = old.subject;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END $$;
REVOKE ALL ON accounts_rate FROM PUBLIC;
"""

# What a person may choose between; their memberships with what the organisations are called.
CHOICES = across_tenants(
    "accounts_choices(p_user_id bigint) RETURNS TABLE (organisation_id bigint, public_id text, "
    "name text)",
    """
    RETURN QUERY
    SELECT o.id, o.public_id::text, o.name::text
      FROM accounts_membership m JOIN accounts_organisation o ON o.id = m.organisation_id
     WHERE m.user_id = p_user_id ORDER BY m.id;""",
)
DROP_CHOICES = "DROP FUNCTION accounts_choices(bigint);"

# What becomes of a person's organisations when they go: how many belong to each, and own it.
LEAVINGS = across_tenants(
    "accounts_leavings(p_user_id bigint) RETURNS TABLE (organisation_id bigint, name text, "
    "role text, members bigint, owners bigint)",
    """
    RETURN QUERY
    SELECT o.id, o.name::text, m.role::text, count(*),
           count(*) FILTER (WHERE every.role = 'owner')
      FROM accounts_membership m
      JOIN accounts_organisation o ON o.id = m.organisation_id
      JOIN accounts_membership every ON every.organisation_id = o.id
     WHERE m.user_id = p_user_id GROUP BY o.id, m.id ORDER BY m.id;""",
)
DROP_LEAVINGS = "DROP FUNCTION accounts_leavings(bigint);"

# Looked at when the transaction ends, so that owners may change places in one. The lock lets of two
# who go at once the second see the first gone.
AN_OWNER_STAYS = """
CREATE FUNCTION accounts_an_owner_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM accounts_organisation WHERE id = OLD.organisation_id FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM accounts_membership
                              WHERE organisation_id = OLD.organisation_id AND role = 'owner') THEN
        RAISE EXCEPTION 'organisation % would have no owner', OLD.organisation_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER an_owner_stays AFTER DELETE OR UPDATE OF role, organisation_id
    ON accounts_membership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.role = 'owner') EXECUTE FUNCTION accounts_an_owner_stays();
"""
DROP_AN_OWNER_STAYS = """
DROP TRIGGER an_owner_stays ON accounts_membership;
DROP FUNCTION accounts_an_owner_stays();
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'KL001';
END $$;
"""

DROP_ALL = """
DROP TRIGGER changes_are_counted ON accounts_apikey;
DROP TRIGGER changes_are_counted ON accounts_accesskey;
DROP TRIGGER changes_are_counted ON accounts_endusertoken;
DROP TRIGGER changes_are_counted ON accounts_organisation;
DROP TRIGGER ends_are_counted ON accounts_apikey;
DROP TRIGGER ends_are_counted ON accounts_accesskey;
DROP TRIGGER ends_are_counted ON accounts_organisation;
DROP FUNCTION accounts_count_change();
DROP TABLE accounts_credential_changes;
DROP FUNCTION accounts_find_api_key(text, bytea);
DROP FUNCTION accounts_find_access_key(text);
DROP FUNCTION accounts_find_token(text, bytea);
DROP FUNCTION accounts_take(text[], integer[]);
DROP FUNCTION accounts_forget_rates();
DROP TABLE accounts_rate;
DROP FUNCTION accounts_memberships(bigint);
DROP FUNCTION refuse_change();
"""
