-- What the database refuses, whoever asks: the owner's own shell included.
-- SQLSTATE KB009: the books would not add up. KL001 (accounts): a posted row would be changed.

-- A transfer goes a known way and continues exactly where the one before it ended, no earlier than
-- that one (an order that waited for the wallet's lock began before it): numbers and times of a
-- wallet tell one order. A trigger, because a CHECK of this size would be read anew for every
-- statement (measured: 40 µs).
-- Only the doors of ledger.sql insert here, so it runs under their rights and search path.
CREATE OR REPLACE FUNCTION billing_transfer_continues() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_available bigint := 0;
    v_reserved bigint := 0;
    v_pending bigint := 0;
    v_posted_at timestamptz;
BEGIN
    IF NEW.type || ': ' || NEW.debit || ' to ' || NEW.credit NOT IN (
        'grant: grants to available',
        'purchase: purchases to available',
        'purchase: pending to available',
        'plan: purchases to available',
        'adjust: adjustments to available',
        'hold: available to held',
        'capture: held to revenue',
        'release: held to available',
        'expire: available to expired',
        'announce: purchases to pending',
        'withdraw: pending to purchases',
        'refund: available to purchases',
        'refund: available to grants',
        'claw_back: available to purchases',
        'claw_back: receivable to purchases',
        'reinstate: purchases to available',
        'reinstate: grants to available',
        'reinstate: purchases to receivable',
        'settle_debt: available to receivable',
        'write_off: adjustments to receivable'
    ) THEN
        RAISE EXCEPTION 'credits do not move by % from % to %', NEW.type, NEW.debit, NEW.credit
            USING ERRCODE = 'KB009';
    END IF;
    NEW.change_available := billing_change('available', NEW.debit, NEW.credit, NEW.amount);
    IF NEW.sequence <> 1 THEN
        SELECT available_after, reserved_after, pending_after, created_at
          INTO v_available, v_reserved, v_pending, v_posted_at
          FROM billing_transfer
         WHERE wallet_id = NEW.wallet_id AND sequence = NEW.sequence - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'wallet % has no transfer %', NEW.wallet_id, NEW.sequence - 1
                USING ERRCODE = 'KB009';
        END IF;
    END IF;
    IF NEW.available_after <> v_available + NEW.change_available
       OR NEW.reserved_after <>
           v_reserved + billing_change('held', NEW.debit, NEW.credit, NEW.amount)
       OR NEW.pending_after <>
           v_pending + billing_change('pending', NEW.debit, NEW.credit, NEW.amount)
    THEN
        RAISE EXCEPTION 'transfer % of wallet % does not follow from the one before it',
            NEW.sequence, NEW.wallet_id USING ERRCODE = 'KB009';
    END IF;
    NEW.created_at := greatest(NEW.created_at, v_posted_at);
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER billing_transfer_continues BEFORE INSERT ON billing_transfer
    FOR EACH ROW EXECUTE FUNCTION billing_transfer_continues();

-- A wallet shows what its transfer of the same number says. Checked at commit; app.tenant may
-- name another organisation by then, so the check looks past it. It runs as whoever commits:
-- the table is named in full, so that nobody's search path leads elsewhere.
CREATE OR REPLACE FUNCTION billing_wallet_agrees() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant text := coalesce(current_setting('app.tenant', true), '');
    v_set text;
BEGIN
    IF NEW.sequence = 0 AND NEW.available = 0 AND NEW.reserved = 0 AND NEW.pending = 0 THEN
        RETURN NULL;
    END IF;
    v_set := set_config('app.tenant', '*', true);
    PERFORM 1 FROM public.billing_transfer
      WHERE wallet_id = NEW.id AND sequence = NEW.sequence AND available_after = NEW.available
        AND reserved_after = NEW.reserved AND pending_after = NEW.pending;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'wallet % does not agree with its transfer %', NEW.id, NEW.sequence
            USING ERRCODE = 'KB009';
    END IF;
    v_set := set_config('app.tenant', v_tenant, true);
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS billing_wallet_agrees ON billing_wallet;
CREATE CONSTRAINT TRIGGER billing_wallet_agrees
    AFTER INSERT OR UPDATE OF sequence, available, reserved, pending ON billing_wallet
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION billing_wallet_agrees();

CREATE OR REPLACE TRIGGER billing_transfer_stays BEFORE UPDATE OR DELETE ON billing_transfer
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_transfer_whole BEFORE TRUNCATE ON billing_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_holdlot_stays BEFORE UPDATE OR DELETE ON billing_holdlot
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_holdlot_whole BEFORE TRUNCATE ON billing_holdlot
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_hold_settles_once BEFORE UPDATE ON billing_hold
    FOR EACH ROW WHEN (
        OLD.status <> 'pending' OR NEW.amount <> OLD.amount OR NEW.wallet_id <> OLD.wallet_id
    ) EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_hold_stays BEFORE DELETE ON billing_hold
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_hold_whole BEFORE TRUNCATE ON billing_hold
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_lot_stays BEFORE DELETE ON billing_lot
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_lot_whole BEFORE TRUNCATE ON billing_lot
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_wallet_stays BEFORE DELETE ON billing_wallet
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_wallet_whole BEFORE TRUNCATE ON billing_wallet
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Prices are written into a draft; after that a book only moves on: draft, active, retired.
CREATE OR REPLACE FUNCTION billing_price_is_for_a_draft() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM billing_pricebook WHERE id = NEW.book_id AND status = 'draft';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'price book % is no draft: publish a new version', NEW.book_id
            USING ERRCODE = 'KL001';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER billing_price_is_for_a_draft BEFORE INSERT ON billing_price
    FOR EACH ROW EXECUTE FUNCTION billing_price_is_for_a_draft();
CREATE OR REPLACE TRIGGER billing_price_stays BEFORE UPDATE OR DELETE ON billing_price
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_price_whole BEFORE TRUNCATE ON billing_price
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_pricebook_moves_on BEFORE UPDATE ON billing_pricebook
    FOR EACH ROW WHEN (
        (OLD.status, NEW.status) NOT IN (('draft', 'active'), ('active', 'retired'))
        OR NEW.version <> OLD.version OR NEW.name <> OLD.name
        OR (OLD.status = 'active' AND NEW.effective_at <> OLD.effective_at)
    ) EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_pricebook_stays BEFORE DELETE ON billing_pricebook
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER billing_pricebook_whole BEFORE TRUNCATE ON billing_pricebook
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
