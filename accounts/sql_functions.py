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


FIND_API_KEY = across_tenants(
    "accounts_find_api_key(p_key_id text, p_hash bytea) RETURNS TABLE (organisation_id bigint, "
    "livemode boolean, key_pk bigint, suspended boolean, raw_video boolean, "
    "expires_at timestamptz)",
    """
    -- One write in ten minutes and key: a busy key costs no more than a read.
    UPDATE accounts_apikey k SET last_used_at = now()
     WHERE k.key_id = p_key_id AND k.secret_hash = p_hash
       AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '10 minutes');
    RETURN QUERY
    SELECT k.organisation_id, k.livemode, k.id, o.suspended_at IS NOT NULL, k.raw_video,
           k.expires_at
      FROM accounts_apikey k JOIN accounts_organisation o ON o.id = k.organisation_id
     WHERE k.key_id = p_key_id AND k.secret_hash = p_hash AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > now());""",
)

FIND_ACCESS_KEY = across_tenants(
    "accounts_find_access_key(p_access_key text) RETURNS TABLE (organisation_id bigint, "
    "livemode boolean, key_pk bigint, suspended boolean, sealed_secret text, "
    "expires_at timestamptz)",
    """
    RETURN QUERY
    SELECT k.organisation_id, k.livemode, k.id, o.suspended_at IS NOT NULL, k.sealed_secret,
           k.expires_at
      FROM accounts_accesskey k JOIN accounts_organisation o ON o.id = k.organisation_id
     WHERE k.access_key = p_access_key AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > now());""",
)

MEMBERSHIPS = across_tenants(
    "accounts_memberships(p_user_id bigint) RETURNS TABLE (organisation_id bigint, role text)",
    """
    RETURN QUERY
    SELECT m.organisation_id, m.role::text FROM accounts_membership m
     WHERE m.user_id = p_user_id ORDER BY m.id;""",
)

# Counts whatever may close a door, in the transaction that closes it: see accounts/proven.py.
CHANGES = """
CREATE TABLE accounts_credential_changes (changes bigint NOT NULL);
INSERT INTO accounts_credential_changes VALUES (0);
CREATE FUNCTION accounts_count_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE accounts_credential_changes SET changes = changes + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER changes_are_counted
    AFTER DELETE OR UPDATE OF revoked_at, expires_at, secret_hash, raw_video ON accounts_apikey
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_count_change();
CREATE TRIGGER changes_are_counted
    AFTER DELETE OR UPDATE OF revoked_at, expires_at, sealed_secret ON accounts_accesskey
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_count_change();
CREATE TRIGGER changes_are_counted
    AFTER DELETE OR UPDATE OF suspended_at ON accounts_organisation
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_count_change();
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
DROP TRIGGER changes_are_counted ON accounts_organisation;
DROP FUNCTION accounts_count_change();
DROP TABLE accounts_credential_changes;
DROP FUNCTION accounts_find_api_key(text, bytea);
DROP FUNCTION accounts_find_access_key(text);
DROP FUNCTION accounts_memberships(bigint);
DROP FUNCTION refuse_change();
"""
