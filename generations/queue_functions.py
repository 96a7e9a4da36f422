"""Turns and figures of the queue in the database: who comes next, who has a place, how long it was.

A queue is the waiting orders of one organisation and mode. Turns are start-time fair queueing: the
n-th order of a queue has the tag `begin + (n - 1) * length of a turn`, and the lowest tag comes
first (Goyal, Vin and Cheng, 1996).
"""

from accounts.sql_functions import across_tenants
from generations.catalogue.params import FILMS
from generations.standing import PUT_BACK_SQL, WITH_NOBODY_SQL

TURN = 232_792_560  # how long a turn of weight 1 is; divisible by 1 to 20
_WORDS = {
    "UNDER_WAY": "('submitting', 'in_flight', 'fetching', 'storing')",
    # What was put back is with nobody, and keeps nobody else from being made.
    "HAS_A_SEAT": (
        "(status IN ('in_flight', 'fetching', 'storing') "
        "OR status = 'submitting' AND account_id IS NOT NULL)"
    ),
    "IS_DUE": (
        "next_run_at <= now() AND deadline_at > now() "
        "AND (lease_until IS NULL OR lease_until <= now()) "
        "AND (lane IS NULL OR lane && v_open AND (v_rests IS NULL OR EXISTS (SELECT "
        "FROM unnest(lane) l WHERE l = ANY (v_open) AND l || ' ' || IS_CALLED <> ALL (v_rests))))"
    ),
    "IS_CALLED": f"(CASE WHEN kind IN {FILMS} THEN model ELSE kind || ' ' || model END)",
    "WITH_NOBODY": WITH_NOBODY_SQL,
    "PUT_BACK": PUT_BACK_SQL,
    "A_TURN": str(TURN),
}


def _spelled(text: str) -> str:
    """With the words of this module written out: in order, so a meaning may hold later words."""
    for word, meaning in _WORDS.items():
        text = text.replace(word, meaning)
    return text


# Accounts in service that have a free place.
PLACES = across_tenants(
    "generations_places() RETURNS TABLE (place bigint, free bigint, live boolean, test boolean)",
    """
    RETURN QUERY
    SELECT * FROM (
        SELECT account.id, account.concurrency - generations_in_flight(account.id) AS free,
               account.serves_live, account.serves_test
          FROM generations_provideraccount account
         WHERE account.enabled AND account.disabled_because = ''
           AND (account.paused_until IS NULL OR account.paused_until <= now())) serving
     WHERE serving.free > 0;""",
)

# Which account does not get which model now, because its breaker is open (`rests`), or gets one
# order to try it with (`tries`). Null when there is none.
BREAKERS = across_tenants(
    "generations_breakers(OUT rests text[], OUT tries text[])",
    """
    SELECT array_agg(pair) FILTER (WHERE probe > now()),
           array_agg(pair) FILTER (WHERE probe <= now())
      INTO rests, tries
      FROM (SELECT account_id || ' ' || model AS pair, next_probe_at AS probe
              FROM generations_breaker WHERE state <> 'closed') b;""",
)

# `seats` is how many more of its films may be handed over; null when there is no limit. With
# `p_due` only what one of the accounts `v_open` may be asked for now, and no lanes are told apart;
# what is not due waits for its upstream and keeps its place.
QUEUES = across_tenants(
    "generations_queues(p_due boolean, p_most integer, v_open bigint[], v_rests text[]) "
    "RETURNS TABLE (organisation_id bigint, livemode boolean, lane bigint[], waiting bigint, "
    "head bigint, tag bigint, stride bigint, most integer, clock bigint, seats bigint)",
    """
    RETURN QUERY
    SELECT * FROM (
        SELECT q.organisation_id, q.livemode, q.lane, q.waiting, q.head,
               greatest(coalesce(t.finished, 0), clock.at), A_TURN::bigint / o.dispatch_weight,
               o.concurrency, clock.at,
               CASE WHEN o.concurrency IS NOT NULL THEN o.concurrency - (
                    SELECT count(*) FROM generations_generation busy
                     WHERE busy.organisation_id = q.organisation_id
                       AND busy.livemode = q.livemode AND HAS_A_SEAT
                       AND busy.finished_at IS NULL) END AS seats
          FROM (SELECT organisation_id, livemode, CASE WHEN NOT p_due THEN lane END AS lane,
                       count(*) AS waiting, min(id) AS head
                  FROM generations_generation
                 WHERE status = 'accepted' AND finished_at IS NULL
                   AND (NOT p_due OR IS_DUE)
                 GROUP BY 1, 2, 3) q
          JOIN accounts_organisation o ON o.id = q.organisation_id
          LEFT JOIN generations_turn t
            ON t.organisation_id = q.organisation_id AND t.livemode = q.livemode
         CROSS JOIN (SELECT coalesce(max(started), 0) AS at FROM generations_turn) clock
    ) queues (organisation_id, livemode, lane, waiting, head, tag, stride, most, clock, seats)
     WHERE NOT p_due OR seats IS NULL OR seats > 0
     ORDER BY tag, head LIMIT p_most;""",
)

# First what is at an account already or past its deadline, at most half, as each may wait long for
# an upstream's answer; then as many of those that are with nobody as there is room for in their
# mode and, of one model, at the accounts of their lane that have room: what was put back, which had
# its turn and is at most half of them, then new orders in turn. With nothing of these due, places
# are not counted; with no room, queues are not looked at.
TURNS = across_tenants(
    "generations_turns(p_most integer, p_blocking text) RETURNS SETOF bigint",
    """
    RETURN QUERY
    SELECT id FROM generations_generation
     WHERE (status = 'submitting' AND account_id IS NOT NULL
            OR WITH_NOBODY AND deadline_at <= now())
       AND next_run_at <= now() AND (lease_until IS NULL OR lease_until <= now())
       AND (account_id IS NULL OR account_id NOT IN (
            SELECT id FROM generations_provideraccount WHERE protocol = p_blocking))
     ORDER BY id LIMIT greatest(1, p_most / 2);
    GET DIAGNOSTICS v_found = ROW_COUNT;
    IF v_found < p_most AND EXISTS (
       SELECT FROM generations_generation
        WHERE WITH_NOBODY AND next_run_at <= now()) THEN
        SELECT array_agg(p.place), array_agg(p.free),
               coalesce(sum(p.free) FILTER (WHERE p.live), 0),
               coalesce(sum(p.free) FILTER (WHERE p.test), 0)
          INTO v_open, v_free, v_live, v_test FROM generations_places() p;
        SELECT * INTO v_rests, v_tries FROM generations_breakers();
    END IF;
    IF v_live + v_test > 0 THEN
        RETURN QUERY
        WITH first AS MATERIALIZED (
            SELECT * FROM (
                SELECT *, row_number() OVER (PARTITION BY livemode ORDER BY tag, head) AS nth
                  FROM generations_queues(true, NULL, v_open, v_rests)) q
             WHERE nth <= p_most AND CASE WHEN livemode THEN v_live ELSE v_test END > 0
        ), next AS (
            (SELECT id, IS_CALLED AS model, lane, livemode, -1::bigint AS tag, id AS head
               FROM generations_generation WHERE PUT_BACK AND IS_DUE
              ORDER BY id LIMIT greatest(1, p_most / 2))
             UNION ALL
            SELECT g.id, g.model, g.lane, q.livemode, q.tag + (g.nth - 1) * q.stride, q.head
              FROM first q CROSS JOIN LATERAL (
                   SELECT id, lane, IS_CALLED AS model, row_number() OVER (ORDER BY id) AS nth
                     FROM generations_generation w
                    WHERE w.organisation_id = q.organisation_id AND w.livemode = q.livemode
                      AND status = 'accepted' AND w.finished_at IS NULL AND IS_DUE
                    ORDER BY id LIMIT least(p_most, coalesce(q.seats, p_most))) g
        ), new AS (
            SELECT *, ARRAY(SELECT unnest(v_open) INTERSECT SELECT unnest(lane) ORDER BY 1) AS open
              FROM next
        ), there AS (
            SELECT *, row_number() OVER (PARTITION BY open, model ORDER BY tag, head, id) AS nth
              FROM new
        ), fitting AS (
            SELECT *, row_number() OVER (PARTITION BY livemode ORDER BY tag, head, id) AS place
              FROM there
             WHERE lane IS NULL OR nth <= (
                   SELECT sum(CASE WHEN p.place || ' ' || model = ANY (v_tries) THEN 1
                                   ELSE p.free END)
                     FROM unnest(v_open, v_free) p (place, free)
                    WHERE p.place = ANY (open)
                      AND (v_rests IS NULL OR p.place || ' ' || model <> ALL (v_rests)))
        )
        SELECT id FROM fitting
         WHERE place <= CASE WHEN livemode THEN v_live ELSE v_test END
         ORDER BY tag, head, id LIMIT p_most - v_found;
    END IF;""",
    "v_found integer; v_open bigint[]; v_free bigint[]; v_live bigint := 0; v_test bigint := 0; "
    "v_rests text[]; v_tries text[];",
)

# What is between hand-over and end, and how long it has been there, seconds: films that differ in
# nothing but a quarter of their age are counted together.
FLYING = across_tenants(
    "generations_flying(p_most integer) RETURNS TABLE (account_id bigint, "
    "organisation_id bigint, livemode boolean, most integer, model varchar, kind varchar, "
    "mode text, duration integer, placed boolean, age double precision, films bigint)",
    """
    RETURN QUERY
    SELECT f.account_id, f.organisation_id, f.livemode, o.concurrency, f.model, f.kind, f.mode,
           f.duration, f.placed, avg(f.age), count(*)
      FROM (SELECT account_id, organisation_id, livemode, model, kind, params->>'mode' AS mode,
                   coalesce((params->>'duration')::integer, 0) AS duration,
                   status IN ('submitting', 'in_flight') AS placed,
                   extract(epoch FROM now() - handed_over_at)::double precision AS age
              FROM generations_generation
             WHERE status IN UNDER_WAY AND NOT PUT_BACK AND finished_at IS NULL
               AND handed_over_at IS NOT NULL) f
      JOIN accounts_organisation o ON o.id = f.organisation_id
     GROUP BY f.account_id, f.organisation_id, f.livemode, o.concurrency, f.model, f.kind, f.mode,
              f.duration, f.placed, floor(4 * ln(1 + greatest(f.age, 0)))
     ORDER BY count(*) DESC LIMIT p_most;""",
)

# Locks the organisation's row of turns until the caller's transaction ends, so that dispatchers
# count one after the other. Needs the organisation's scope.
SEAT = """
CREATE FUNCTION generations_seat(p_organisation bigint, p_livemode boolean, p_id bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_most integer;
BEGIN
    INSERT INTO generations_turn (organisation_id, livemode, started, finished)
    VALUES (p_organisation, p_livemode, 0, 0) ON CONFLICT DO NOTHING;
    PERFORM FROM generations_turn t
      WHERE t.organisation_id = p_organisation AND t.livemode = p_livemode FOR UPDATE;
    SELECT concurrency INTO v_most FROM accounts_organisation WHERE id = p_organisation;
    RETURN v_most IS NULL OR v_most > (
        SELECT count(*) FROM generations_generation g
         WHERE g.organisation_id = p_organisation AND g.livemode = p_livemode
           AND HAS_A_SEAT AND g.finished_at IS NULL AND g.id <> p_id);
END $$;
"""

TAKE_TURN = across_tenants(
    "generations_take_turn(p_organisation bigint, p_livemode boolean) RETURNS void",
    """
    SELECT coalesce(max(started), 0) INTO v_clock FROM generations_turn;
    SELECT A_TURN / dispatch_weight INTO v_length
      FROM accounts_organisation WHERE id = p_organisation;
    INSERT INTO generations_turn AS t (organisation_id, livemode, started, finished)
    VALUES (p_organisation, p_livemode, v_clock, v_clock + v_length)
    ON CONFLICT (organisation_id, livemode) DO UPDATE
       SET started = greatest(t.finished, v_clock),
           finished = greatest(t.finished, v_clock) + v_length;""",
    "v_clock bigint; v_length bigint;",
)

# Of equal films lately, seconds from hand-over to a playable film, and at the account itself. No
# account: at any. Looks no further back than 1,000 films of the model.
LATELY = across_tenants(
    "generations_lately(p_model text, p_kind text, p_livemode boolean, p_mode text, "
    "p_longer integer, p_longest integer, p_account bigint, OUT films bigint, "
    "OUT p50 double precision, OUT p90 double precision, OUT place double precision)",
    """
    SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
           percentile_cont(0.9) WITHIN GROUP (ORDER BY took), avg(placed)
      INTO films, p50, p90, place
      FROM (SELECT extract(epoch FROM finished_at - handed_over_at) AS took,
                   extract(epoch FROM upstream_finished_at - handed_over_at) AS placed
              FROM (SELECT * FROM generations_generation
                     WHERE status = 'succeeded' AND model = p_model AND kind = p_kind
                       AND livemode = p_livemode ORDER BY id DESC LIMIT 1000) g
             WHERE params->>'mode' IS NOT DISTINCT FROM p_mode
               AND coalesce((params->>'duration')::integer, 0) > p_longer
               AND coalesce((params->>'duration')::integer, 0) <= p_longest
               AND (p_account IS NULL OR account_id = p_account)
             ORDER BY id DESC LIMIT 50) recent;""",
)

CREATE = _spelled(PLACES + BREAKERS + QUEUES + TURNS + FLYING + SEAT + TAKE_TURN + LATELY)
DROP = """
DROP FUNCTION generations_lately;
DROP FUNCTION generations_take_turn;
DROP FUNCTION generations_seat;
DROP FUNCTION generations_flying;
DROP FUNCTION generations_turns;
DROP FUNCTION generations_queues;
DROP FUNCTION generations_breakers;
DROP FUNCTION generations_places;
"""
