-- Who came by the invitations of the scope's organisation, newest first: when, and what became of
-- it. Who they are does not leave.
CREATE OR REPLACE FUNCTION billing_invited()
RETURNS TABLE (created_at timestamptz, state text, credits bigint, settled_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_tenant text := current_setting('app.tenant');
BEGIN
    PERFORM set_config('app.tenant', '*', true);
    RETURN QUERY SELECT created_at, state::text, credits, settled_at FROM billing_referral
     WHERE inviter_id = v_tenant::bigint ORDER BY created_at DESC;
    PERFORM set_config('app.tenant', v_tenant, true);
END $$;
