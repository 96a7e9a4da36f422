-- The accept transaction as eight plain statements, each prepared once: what PostgreSQL itself can do.
\set w random(1, 10000)
\set k random(1, 2000000000)
BEGIN;
SELECT organisation, suspended FROM bench_key WHERE id = :w;
INSERT INTO bench_answer (organisation, key, fingerprint, body) VALUES (:w, 'k' || :k || '-' || :client_id || '-' || random(), md5('x'), repeat('a', 600)) ON CONFLICT DO NOTHING;
UPDATE bench_wallet SET available = available - 10, reserved = reserved + 10, sequence = sequence + 1 WHERE organisation = :w AND available >= 10;
UPDATE bench_lot SET remaining = remaining - 10 WHERE wallet = :w AND remaining >= 10;
INSERT INTO bench_hold (wallet, amount, reference) VALUES (:w, 10, gen_random_uuid()::text);
INSERT INTO bench_transfer (wallet, amount, kind, reference) VALUES (:w, 10, 'hold', gen_random_uuid()::text);
INSERT INTO bench_generation (organisation, public_id, model, params, status, next_run_at) VALUES (:w, gen_random_uuid()::text, 'kling-v1', '{"prompt": "A lighthouse in a storm at dusk", "mode": "std"}', 'accepted', now());
INSERT INTO bench_event (generation, sequence, status) VALUES (:w, :k, 'accepted');
COMMIT;
