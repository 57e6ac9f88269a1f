-- People with money, jobs that wait to be started, and clients that beat: all copies of one person and one job that were made
-- through the API. Columns that are not named here are those of the original, whatever they are.

CREATE TEMP TABLE original AS
    SELECT u.id AS person, j.id AS job, j.project_id AS project
    FROM users u JOIN refactor_jobs j ON j.owner_id = u.id WHERE u.email = :'email';

CREATE TEMP TABLE people AS
    SELECT gen_random_uuid() AS id, gen_random_uuid() AS project, n FROM generate_series(1, :people) n;

INSERT INTO users
    SELECT copy.* FROM original, users u, people,
        jsonb_populate_record(u, jsonb_build_object('id', people.id, 'email', 'p' || people.n || '@bench.test')) copy
    WHERE u.id = original.person;

-- Each has a session of the same id.
INSERT INTO user_sessions
    SELECT copy.* FROM original, user_sessions s, people,
        jsonb_populate_record(s, jsonb_build_object('id', people.id, 'user_id', people.id)) copy
    WHERE s.user_id = original.person;

INSERT INTO subscription_tiers
    SELECT copy.* FROM original, subscription_tiers s, people,
        jsonb_populate_record(s, jsonb_build_object('user_id', people.id, 'tier', 'PRO', 'extra_jobs_a_day', 1000000)) copy
    WHERE s.user_id = original.person;

INSERT INTO projects
    SELECT copy.* FROM original, projects p, people,
        jsonb_populate_record(p, jsonb_build_object('id', people.project, 'owner_id', people.id)) copy
    WHERE p.id = original.project;

INSERT INTO credit_accounts (id, kind) VALUES (gen_random_uuid(), 'GRANTED') ON CONFLICT DO NOTHING;
INSERT INTO credit_accounts (id, user_id, kind)
    SELECT gen_random_uuid(), people.id, kind FROM people, unnest(ARRAY['AVAILABLE', 'RESERVED']) kind;
INSERT INTO credit_transactions (id, idempotency_key, kind, user_id, created_at)
    SELECT gen_random_uuid(), 'bench:' || id, 'GRANT', id, now() FROM people;
INSERT INTO credit_entries (transaction_id, account_id, amount_mc)
    SELECT t.id, a.id, CASE a.kind WHEN 'GRANTED' THEN -1000000000 ELSE 1000000000 END
    FROM people JOIN credit_transactions t ON t.user_id = people.id
        JOIN credit_accounts a ON (a.user_id = people.id AND a.kind = 'AVAILABLE') OR a.kind = 'GRANTED';

CREATE TABLE bench_jobs AS
    SELECT gen_random_uuid() AS id, people.id AS owner, people.project, gen_random_uuid() AS client, number AS n
    FROM generate_series(1, :jobs) number JOIN people ON people.n = 1 + number % :people;

INSERT INTO refactor_jobs
    SELECT copy.* FROM original, refactor_jobs j, bench_jobs b, jsonb_populate_record(j, jsonb_build_object(
        'id', b.id, 'owner_id', b.owner, 'project_id', b.project, 'created_at', now() - b.n * interval '1 second',
        'snapshot', jsonb_set(j.snapshot, '{id}', to_jsonb(b.id::text)))) copy
    WHERE j.id = original.job;

-- Clients of the first thousand jobs. They are not late for an hour, so nobody takes them for lost while others are measured.
INSERT INTO client_heartbeat_sessions (id, job_id, user_id, client, last_seen_at, created_at)
    SELECT client, id, owner, 'bench', now() + interval '1 hour', now() FROM bench_jobs WHERE n <= 1000;

ANALYZE;
