-- Caps: what a spender may spend at most, checked under the wallet's lock, where it is spent.
-- SQLSTATE KB010: above a cap (DETAIL says which).

-- The first day of the window that a moment lies in; NULL for a cap per order and for one
-- in all, which counts from the day it was set on.
CREATE OR REPLACE FUNCTION billing_window(p_period text, p_at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_period
        WHEN 'day' THEN (p_at AT TIME ZONE 'UTC')::date
        WHEN 'month' THEN date_trunc('month', p_at AT TIME ZONE 'UTC')::date
    END
$$;

-- What every cap of a wallet stands at: `allowed` is the cap with what was approved on top,
-- `spent` what was reserved or captured since `since`. Only one spender's; if p_member is NULL, all
-- but those of end users, who may be many.
CREATE OR REPLACE FUNCTION billing_caps(
    p_wallet bigint, p_member bigint, p_credential text, p_end_user text
)
RETURNS TABLE (cap bigint, since date, allowed bigint, spent bigint) LANGUAGE sql STABLE AS $$
    SELECT mine.id, mine.since,
        mine.credits + coalesce((
            SELECT sum(more.credits) FROM billing_capraise more
             WHERE more.cap_id = mine.id AND more.since = mine.since
        ), 0)::bigint,
        coalesce((
            SELECT sum(s.reserved + s.captured) FROM billing_spending s
             WHERE s.wallet_id = p_wallet AND s.day >= mine.since
               AND (mine.scope = 'organisation'
                    OR mine.scope = 'member' AND s.member::text = mine.subject
                    OR mine.scope = 'credential' AND s.credential = mine.subject
                    OR mine.scope = 'end_user' AND s.end_user = mine.subject)
        ), 0)::bigint
      FROM (
        SELECT c.*, CASE WHEN c.period = 'total' THEN billing_window('day', c.created_at)
                         ELSE billing_window(c.period, now()) END AS since
          FROM billing_cap c
         WHERE c.wallet_id = p_wallet AND (
            p_member IS NULL AND c.scope <> 'end_user' OR c.scope = 'organisation'
            OR c.scope = 'member' AND c.subject = p_member::text
            OR c.scope = 'credential' AND c.subject = p_credential
            OR c.scope = 'end_user' AND c.subject = p_end_user)
      ) AS mine
$$;

-- Refuse an order that is above a cap of its spender; note which shares of caps it reaches. It is
-- counted already.
CREATE OR REPLACE FUNCTION billing_hold_to_caps(
    p_wallet bigint, p_amount bigint, p_member bigint, p_credential text, p_end_user text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_found record;
    v_before bigint;
BEGIN
    FOR v_found IN
        SELECT standing.*, c.scope, c.period, c.set_by_id, c.organisation_id, c.livemode
          FROM billing_caps(p_wallet, p_member, p_credential, p_end_user) standing
          JOIN billing_cap c ON c.id = standing.cap
         ORDER BY standing.allowed - standing.spent
                  - CASE WHEN standing.since IS NULL THEN p_amount ELSE 0 END, c.id
    LOOP
        v_before := CASE WHEN v_found.since IS NULL THEN 0 ELSE v_found.spent - p_amount END;
        IF v_before + p_amount > v_found.allowed THEN
            RAISE EXCEPTION '% credits are above the cap', p_amount USING ERRCODE = 'KB010',
                DETAIL = json_build_object(
                    'cap', v_found.cap, 'scope', v_found.scope, 'period', v_found.period,
                    'credits', v_found.allowed, 'spent', v_before, 'needed', p_amount,
                    'set_by', (SELECT coalesce(nullif(u.name, ''), u.email)
                                 FROM accounts_user u WHERE u.id = v_found.set_by_id),
                    'resets_at', (v_found.since + CASE v_found.period
                        WHEN 'day' THEN interval '1 day' WHEN 'month' THEN interval '1 month'
                        END)::date
                )::text;
        END IF;
        INSERT INTO billing_capalert (organisation_id, livemode, wallet_id, cap_id, since, percent)
        SELECT v_found.organisation_id, v_found.livemode, p_wallet, v_found.cap, v_found.since,
               share
          FROM unnest(ARRAY[50, 75, 90, 100]) AS share
         WHERE v_found.since IS NOT NULL AND v_found.scope <> 'end_user'
           AND (v_before + p_amount) * 100 >= share * v_found.allowed
           AND v_before * 100 < share * v_found.allowed
            ON CONFLICT DO NOTHING;
    END LOOP;
END $$;
