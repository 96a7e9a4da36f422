-- A hold and its capture, two transactions, as the product's own SQL functions.
\set w :first + random(0, :wallets - 1)
SELECT hold_id FROM (SELECT set_config('app.tenant', :w::text, true)) AS scope, LATERAL billing_reserve(:w::bigint, true, 10, 'gen_' || gen_random_uuid(), 0, '', 'kling-v1', '') \gset
SELECT done FROM (SELECT set_config('app.tenant', :w::text, true)) AS scope, LATERAL billing_capture(:hold_id, 10) AS done;
