-- The inside of the ledger: called by the functions in ledger.sql, by nobody else.
-- They run as the owner under forced row security, so app.tenant still decides what they see.

-- By how much a transfer changes an account of the wallet.
CREATE OR REPLACE FUNCTION billing_change(
    p_account text, p_debit text, p_credit text, p_amount bigint
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_account WHEN p_credit THEN p_amount WHEN p_debit THEN -p_amount ELSE 0 END
$$;

-- One transfer and the wallet's new figures: the only writer of both.
CREATE OR REPLACE FUNCTION billing_post(
    p_wallet bigint, p_type text, p_debit text, p_credit text, p_amount bigint,
    p_hold bigint, p_lot bigint, p_reference text, p_reason text, p_actor text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_organisation bigint;
    v_livemode boolean;
    v_sequence bigint;
    v_available bigint;
    v_reserved bigint;
    v_pending bigint;
BEGIN
    UPDATE billing_wallet SET
        sequence = sequence + 1,
        available = available + billing_change('available', p_debit, p_credit, p_amount),
        reserved = reserved + billing_change('held', p_debit, p_credit, p_amount),
        pending = pending + billing_change('pending', p_debit, p_credit, p_amount),
        owed = owed - billing_change('receivable', p_debit, p_credit, p_amount)
    WHERE id = p_wallet
    RETURNING organisation_id, livemode, sequence, available, reserved, pending
    INTO v_organisation, v_livemode, v_sequence, v_available, v_reserved, v_pending;
    INSERT INTO billing_transfer (
        organisation_id, livemode, wallet_id, public_id, sequence, type, debit, credit, amount,
        available_after, reserved_after, pending_after, hold_id, lot_id, reference, reason, actor
    ) VALUES (
        v_organisation, v_livemode, p_wallet,
        'led_' || replace(gen_random_uuid()::text, '-', ''),
        v_sequence, p_type, p_debit, p_credit, p_amount,
        v_available, v_reserved, v_pending, p_hold, p_lot, p_reference, p_reason,
        p_actor
    );
    RETURN v_available;
END $$;

CREATE OR REPLACE FUNCTION billing_require_amount(p_amount bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_amount IS NULL OR p_amount NOT BETWEEN 1 AND 1000000000000 THEN
        RAISE EXCEPTION 'an amount is 1 to 1,000,000,000,000 credits' USING ERRCODE = 'KB006';
    END IF;
END $$;

-- The wallet, locked until the transaction ends; opened if there is none.
CREATE OR REPLACE FUNCTION billing_lock_wallet(p_organisation bigint, p_livemode boolean)
RETURNS billing_wallet LANGUAGE plpgsql AS $$
DECLARE
    v_wallet billing_wallet;
BEGIN
    SELECT * INTO v_wallet FROM billing_wallet
     WHERE organisation_id = p_organisation AND livemode = p_livemode FOR UPDATE;
    IF FOUND THEN
        RETURN v_wallet;
    END IF;
    PERFORM 1 FROM accounts_organisation WHERE id = p_organisation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'organisation % is unknown in this scope', p_organisation
            USING ERRCODE = 'KB008';
    END IF;
    INSERT INTO billing_wallet (organisation_id, livemode) VALUES (p_organisation, p_livemode)
        ON CONFLICT (organisation_id, livemode) DO NOTHING;
    SELECT * INTO v_wallet FROM billing_wallet
     WHERE organisation_id = p_organisation AND livemode = p_livemode FOR UPDATE;
    RETURN v_wallet;
END $$;

-- Credits leave a lot for an account of the house. The wallet is locked by the caller.
CREATE OR REPLACE FUNCTION billing_take(
    p_lot billing_lot, p_amount bigint, p_type text, p_account text, p_reference text,
    p_reason text, p_actor text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE billing_lot SET remaining = remaining - p_amount WHERE id = p_lot.id;
    PERFORM billing_post(p_lot.wallet_id, p_type, 'available', p_account, p_amount,
        NULL, p_lot.id, p_reference, p_reason, p_actor);
END $$;

CREATE OR REPLACE FUNCTION billing_expire_lot(p_lot bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_lot billing_lot;
BEGIN
    SELECT * INTO v_lot FROM billing_lot WHERE id = p_lot;
    PERFORM billing_take(v_lot, v_lot.remaining, 'expire', 'expired', v_lot.reference, '', '');
    RETURN v_lot.remaining;
END $$;

-- Pin lots for a hold: soonest-expiring first, then free before bought, then oldest. A lot found
-- due on the way is expired. Returns what could not be covered.
CREATE OR REPLACE FUNCTION billing_pin_lots(
    p_organisation bigint, p_livemode boolean, p_wallet bigint, p_hold bigint, p_amount bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_lot bigint;
    v_remaining bigint;
    v_expires_at timestamptz;
    v_rest bigint := p_amount;
BEGIN
    WHILE v_rest > 0 LOOP
        SELECT id, remaining, expires_at INTO v_lot, v_remaining, v_expires_at
          FROM billing_lot WHERE wallet_id = p_wallet AND open
         ORDER BY expires_at, (source IN ('purchase', 'plan', 'gift')), id LIMIT 1;
        EXIT WHEN NOT FOUND;
        IF v_expires_at <= now() THEN
            PERFORM billing_expire_lot(v_lot);
            CONTINUE;
        END IF;
        v_remaining := least(v_rest, v_remaining);
        v_rest := v_rest - v_remaining;
        UPDATE billing_lot SET remaining = remaining - v_remaining WHERE id = v_lot;
        INSERT INTO billing_holdlot (organisation_id, livemode, wallet_id, hold_id, lot_id, amount)
        VALUES (p_organisation, p_livemode, p_wallet, p_hold, v_lot, v_remaining);
    END LOOP;
    RETURN v_rest;
END $$;

-- Give back `p_amount` of a hold's pins, last pinned first. What comes back after its end gets
-- seven days more: the customer could not have spent it. What was not pinned and is due goes
-- first, so that it does not live on beside it.
CREATE OR REPLACE FUNCTION billing_unpin_lots(p_hold bigint, p_amount bigint) RETURNS void
LANGUAGE sql AS $$
    SELECT billing_expire_lot(lot.id) FROM billing_hold AS hold
      JOIN billing_lot AS lot ON lot.wallet_id = hold.wallet_id
     WHERE hold.id = p_hold AND lot.open AND lot.expires_at <= now()
     ORDER BY lot.expires_at, (lot.source IN ('purchase', 'plan', 'gift')), lot.id;
    UPDATE billing_lot AS lot SET
        remaining = remaining + least(pin.amount, p_amount - pin.before),
        expires_at = CASE
            WHEN expires_at <= now() THEN now() + interval '7 days' ELSE expires_at
        END
    FROM (
        SELECT lot_id, amount, sum(amount) OVER (ORDER BY id DESC)::bigint - amount AS before
          FROM billing_holdlot WHERE hold_id = p_hold
    ) AS pin
    WHERE lot.id = pin.lot_id AND pin.before < p_amount
$$;

-- The lots of a hold, last pinned first.
CREATE OR REPLACE FUNCTION billing_pinned(p_hold bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(lot_id ORDER BY id DESC) FROM billing_holdlot WHERE hold_id = p_hold
$$;

-- What came back to these lots pays what is owed first, where it was bought, as what is bought
-- does: while it was away it could not be taken back. Returns how many credits paid.
CREATE OR REPLACE FUNCTION billing_settle_debt(
    p_wallet bigint, p_lots bigint[], p_reference text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_owed bigint;
    v_paid bigint := 0;
    v_lot billing_lot;
    v_part bigint;
BEGIN
    SELECT owed INTO v_owed FROM billing_wallet WHERE id = p_wallet;
    IF v_owed = 0 THEN
        RETURN 0;
    END IF;
    FOR v_lot IN
        SELECT lot.* FROM unnest(p_lots) WITH ORDINALITY AS back (lot_id, turn)
          JOIN billing_lot AS lot ON lot.id = back.lot_id
         WHERE lot.open AND lot.source IN ('purchase', 'plan', 'gift', 'refund')
         ORDER BY back.turn
    LOOP
        v_part := least(v_lot.remaining, v_owed - v_paid);
        EXIT WHEN v_part = 0;
        PERFORM billing_take(v_lot, v_part, 'settle_debt', 'receivable', p_reference, '', '');
        v_paid := v_paid + v_part;
    END LOOP;
    RETURN v_paid;
END $$;

-- Whether a lot was given under this reference.
CREATE OR REPLACE FUNCTION billing_given(
    p_organisation bigint, p_livemode boolean, p_reference text
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM billing_lot
         WHERE organisation_id = p_organisation AND livemode = p_livemode
           AND reference = p_reference
    )
$$;

-- Credits announced under this reference and not withdrawn, or NULL.
CREATE OR REPLACE FUNCTION billing_announced(
    p_organisation bigint, p_livemode boolean, p_reference text
) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT max(amount) FROM billing_transfer
     WHERE organisation_id = p_organisation AND livemode = p_livemode
       AND reference = p_reference AND type IN ('announce', 'withdraw')
       AND hold_id IS NULL AND lot_id IS NULL
    HAVING count(*) = 1
$$;

-- The hold that a replayed reservation made, or nothing; KB005 if it was for another amount.
CREATE OR REPLACE FUNCTION billing_replayed_hold(
    p_organisation bigint, p_livemode boolean, p_amount bigint, p_reference text,
    OUT hold_id bigint, OUT available_after bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_amount bigint;
BEGIN
    SELECT hold.id, hold.amount, transfer.available_after
      INTO hold_id, v_amount, available_after
      FROM billing_hold hold
      JOIN billing_transfer transfer ON transfer.hold_id = hold.id AND transfer.type = 'hold'
     WHERE hold.organisation_id = p_organisation AND hold.livemode = p_livemode
       AND hold.reference = p_reference;
    IF v_amount <> p_amount THEN
        RAISE EXCEPTION 'reference % holds % credits already, not %',
            p_reference, v_amount, p_amount USING ERRCODE = 'KB005';
    END IF;
END $$;

-- The row that counts what a spender has spent today, made when there is none.
CREATE OR REPLACE FUNCTION billing_count(
    p_organisation bigint, p_livemode boolean, p_wallet bigint, p_amount bigint,
    p_member bigint, p_credential text, p_sku text, p_end_user text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_today date := (now() AT TIME ZONE 'UTC')::date;
    v_id bigint;
BEGIN
    UPDATE billing_spending SET reserved = reserved + p_amount
     WHERE wallet_id = p_wallet AND day = v_today AND member = p_member
       AND credential = p_credential AND sku = p_sku AND end_user = p_end_user
    RETURNING id INTO v_id;
    IF NOT FOUND THEN
        INSERT INTO billing_spending (
            organisation_id, livemode, wallet_id, day, member, credential, sku, end_user,
            reserved
        ) VALUES (
            p_organisation, p_livemode, p_wallet, v_today, p_member, p_credential, p_sku,
            p_end_user, p_amount
        ) RETURNING id INTO v_id;
    END IF;
    RETURN v_id;
END $$;

-- Keep the sum of a day's end users. Their rows change only under the wallet's lock.
CREATE OR REPLACE FUNCTION billing_sum_end_users() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_change bigint := NEW.reserved + NEW.captured - coalesce(OLD.reserved + OLD.captured, 0);
BEGIN
    UPDATE billing_endusersum SET credits = credits + v_change
     WHERE wallet_id = NEW.wallet_id AND day = NEW.day AND member = NEW.member
       AND credential = NEW.credential;
    IF NOT FOUND THEN
        INSERT INTO billing_endusersum (
            organisation_id, livemode, wallet_id, day, member, credential, credits
        ) VALUES (
            NEW.organisation_id, NEW.livemode, NEW.wallet_id, NEW.day, NEW.member, NEW.credential,
            v_change
        );
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER billing_end_user_spends AFTER INSERT ON billing_spending
    FOR EACH ROW WHEN (NEW.end_user <> '') EXECUTE FUNCTION billing_sum_end_users();
CREATE OR REPLACE TRIGGER billing_end_user_spends_more
    AFTER UPDATE OF reserved, captured ON billing_spending
    FOR EACH ROW WHEN (
        NEW.end_user <> '' AND NEW.reserved + NEW.captured <> OLD.reserved + OLD.captured
    ) EXECUTE FUNCTION billing_sum_end_users();

-- Say why nothing is reserved. Credits that are due to expire do not count as available, those
-- pinned before this was noticed do.
CREATE OR REPLACE FUNCTION billing_refuse_reservation(
    p_wallet bigint, p_suspended boolean, p_frozen text, p_needed bigint,
    p_pinned bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_available bigint;
BEGIN
    IF p_suspended THEN
        RAISE EXCEPTION 'the organisation is suspended' USING ERRCODE = 'KB003';
    ELSIF p_frozen IS NOT NULL THEN
        RAISE EXCEPTION 'the wallet is frozen: %', p_frozen USING ERRCODE = 'KB002';
    END IF;
    SELECT p_pinned + coalesce(sum(remaining), 0) INTO v_available FROM billing_lot
     WHERE wallet_id = p_wallet AND open AND (expires_at IS NULL OR expires_at > now());
    RAISE EXCEPTION 'needed % credits, % available', p_needed, v_available
        USING ERRCODE = 'KB001',
        DETAIL = json_build_object('needed', p_needed, 'available', v_available)::text;
END $$;
