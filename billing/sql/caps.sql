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

-- What a cap stands at: `allowed` is the cap with what was approved on top, `spent` what was
-- reserved or captured since `since`. An end user's is found by its index; for all others what end
-- users spent is read as sums, as there may be thousands of them a day.
CREATE OR REPLACE FUNCTION billing_standing(
    p_cap billing_cap, OUT since date, OUT allowed bigint, OUT spent bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_since date := CASE WHEN p_cap.period = 'total' THEN billing_window('day', p_cap.created_at)
                         ELSE billing_window(p_cap.period, now()) END;
BEGIN
    since := v_since;
    allowed := p_cap.credits;
    spent := 0;
    IF v_since IS NULL THEN
        RETURN;
    END IF;
    SELECT p_cap.credits + coalesce(sum(more.credits), 0) INTO allowed FROM billing_capraise more
     WHERE more.cap_id = p_cap.id AND more.since = v_since;
    IF p_cap.scope = 'end_user' THEN
        SELECT coalesce(sum(s.reserved + s.captured), 0) INTO spent FROM billing_spending s
         WHERE s.wallet_id = p_cap.wallet_id AND s.end_user <> '' AND s.end_user = p_cap.subject
           AND s.day >= v_since;
        RETURN;
    END IF;
    SELECT coalesce(sum(counted.credits), 0) INTO spent FROM (
        SELECT s.member, s.credential, s.reserved + s.captured AS credits FROM billing_spending s
         WHERE s.wallet_id = p_cap.wallet_id AND s.end_user = '' AND s.day >= v_since
        UNION ALL
        SELECT e.member, e.credential, e.credits FROM billing_endusersum e
         WHERE e.wallet_id = p_cap.wallet_id AND e.day >= v_since
    ) AS counted
     WHERE p_cap.scope = 'organisation'
        OR p_cap.scope = 'member' AND counted.member::text = p_cap.subject
        OR p_cap.scope = 'credential' AND counted.credential = p_cap.subject;
END $$;

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
        SELECT standing.*, c.id AS cap, c.scope, c.period, c.set_by_id, c.organisation_id, c.livemode
          FROM billing_cap c CROSS JOIN LATERAL billing_standing(c) standing
         WHERE c.wallet_id = p_wallet AND (c.scope, c.subject) IN (
               ('organisation', ''), ('member', p_member::text), ('credential', p_credential),
               ('end_user', p_end_user))
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
