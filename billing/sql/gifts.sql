-- Gifts: a purchase whose credits go to whoever has its code.

-- Give an organisation the credits of the gift whose code has this digest, once, whoever bought it:
-- the scope sees no more of it than what is answered. `state` is what it was: open (it is given
-- now), redeemed, void, stopped (its payment is in doubt, or was of another mode or vendor than
-- these), or NULL where there is no such code.
CREATE OR REPLACE FUNCTION billing_redeem_gift(
    p_organisation bigint, p_livemode boolean, p_hash text, p_vendor text, p_actor text,
    OUT state text, OUT credits bigint, OUT expires_at timestamptz, OUT from_name text,
    OUT message text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_tenant text := coalesce(current_setting('app.tenant', true), '');
    v_gift billing_gift;
    v_bought billing_purchase;
    v_lot text;
    v_reason text;
BEGIN
    PERFORM set_config('app.tenant', '*', true);
    SELECT * INTO v_gift FROM billing_gift WHERE code_hash = p_hash;
    -- Whoever pays it back, or hears that the bank does, holds this lock, too.
    SELECT * INTO v_bought FROM billing_purchase WHERE id = v_gift.purchase_id FOR UPDATE;
    SELECT * INTO v_gift FROM billing_gift WHERE id = v_gift.id;
    state := CASE WHEN v_gift.status = 'open' AND (billing_gift_stopped(v_bought)
                      OR v_bought.livemode <> p_livemode OR v_bought.vendor <> p_vendor)
                  THEN 'stopped' ELSE v_gift.status END;
    IF state = 'open' THEN
        UPDATE billing_gift SET status = 'redeemed', ended_at = statement_timestamp()
         WHERE id = v_gift.id AND status = 'open';
    END IF;
    PERFORM set_config('app.tenant', v_tenant, true);
    IF state = 'open' THEN
        credits := v_bought.credits + v_bought.bonus_credits;
        expires_at := now() + make_interval(days => v_bought.valid_days);
        from_name := v_gift.from_name;
        message := v_gift.message;
        v_lot := 'gift:' || v_bought.public_id;
        v_reason := concat_ws(' ', 'Gift', 'from ' || nullif(v_gift.from_name, ''));
        PERFORM billing_grant(p_organisation, p_livemode, v_bought.credits, 'gift', expires_at,
            v_lot, v_reason, v_bought.paid_cents - v_bought.tax_cents, p_actor);
        IF v_bought.bonus_credits > 0 THEN
            PERFORM billing_grant(p_organisation, p_livemode, v_bought.bonus_credits, 'bonus',
                expires_at, v_lot || ':bonus', v_reason, 0, p_actor);
        END IF;
    END IF;
END $$;

-- Whether nobody may redeem it at the moment: a bank asks for its payment, or whoever bought it may
-- not spend anything themselves, or owes credits, as for a part of it that was paid back.
CREATE OR REPLACE FUNCTION billing_gift_stopped(p_purchase billing_purchase) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM billing_dispute WHERE purchase_id = p_purchase.id
           AND status IN ('needs_response', 'under_review')
    ) OR EXISTS (
        SELECT FROM billing_wallet WHERE organisation_id = p_purchase.organisation_id
           AND livemode = p_purchase.livemode AND (frozen_at IS NOT NULL OR owed > 0)
    ) OR EXISTS (
        SELECT FROM accounts_organisation
         WHERE id = p_purchase.organisation_id AND suspended_at IS NOT NULL
    )
$$;

-- What is redeemed stays so, and a code stays what it was when it was made.
CREATE OR REPLACE TRIGGER billing_gift_moves_on BEFORE UPDATE ON billing_gift
    FOR EACH ROW WHEN (
        (OLD.status, NEW.status) NOT IN (
            ('unpaid', 'unpaid'), ('unpaid', 'open'), ('open', 'open'), ('open', 'redeemed'),
            ('open', 'void'), ('void', 'open'), ('void', 'void'))
        OR NEW.purchase_id <> OLD.purchase_id OR NEW.code_hash <> OLD.code_hash
    ) EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_gift_stays BEFORE DELETE ON billing_gift
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_gift_whole BEFORE TRUNCATE ON billing_gift
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
