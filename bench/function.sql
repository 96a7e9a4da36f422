-- The same transaction as the product's own SQL function: one round trip.
\set w :first + random(0, 9999)
SELECT outcome FROM generations_accept(:w::bigint, true, 'f' || gen_random_uuid(), 'fp', repeat('a', 600), 'gen_' || gen_random_uuid(), 'kling-v1', 'text2video', '{"model": "kling-v1", "prompt": "A lighthouse in a storm at dusk"}', '[]', 10, NULL, 'native', '{}', NULL, '', '', '{}', NULL, NULL, NULL, gen_random_uuid()::text, now(), now() + interval '1 hour', 100000);
