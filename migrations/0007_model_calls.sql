-- Model calls are made by whoever takes them, under a lease with a fencing token; a job knows the route table that it was started with.

-- The version of IAMA_LLM_ROUTE_TABLE in dynamic_config_history: routes, prices and limits of a job never change.
ALTER TABLE refactor_jobs ADD COLUMN route_table_version integer CHECK (route_table_version > 0);

ALTER TABLE model_calls
    ADD COLUMN user_id uuid REFERENCES users (id),
    -- The price that was confirmed, for L3.
    ADD COLUMN quote_id text CHECK (length(quote_id) <= 200),
    ADD COLUMN fencing_token bigint NOT NULL DEFAULT 0,
    ADD COLUMN lease_until timestamptz,
    -- A call that failed waits so long before it is made again.
    ADD COLUMN not_before timestamptz,
    ADD COLUMN failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    -- What the person pays for it: the request that brought the answer, and no other.
    ADD COLUMN charged_mc bigint CHECK (charged_mc >= 0),
    -- Tier, stage, class, route, cache, tokens and outcome, without a text.
    ADD COLUMN audit jsonb;
UPDATE model_calls SET user_id = j.owner_id, not_before = model_calls.created_at
FROM refactor_jobs j WHERE j.id = model_calls.job_id;
UPDATE model_calls SET status = 'WANTED' WHERE status = 'DISPATCHED';
ALTER TABLE model_calls
    ALTER COLUMN user_id SET NOT NULL,
    ALTER COLUMN not_before SET NOT NULL,
    DROP CONSTRAINT model_calls_status_check,
    DROP CONSTRAINT model_calls_check,
    ADD CONSTRAINT model_calls_status_check
        CHECK (status IN ('WANTED', 'DISPATCHED', 'ANSWERED', 'REFUSED', 'FAILED', 'CANCELLED')),
    ADD CONSTRAINT model_calls_leased CHECK ((status = 'DISPATCHED') = (lease_until IS NOT NULL)),
    ADD CONSTRAINT model_calls_answer CHECK (status <> 'ANSWERED' OR (answer_artifact_id IS NOT NULL AND charged_mc IS NOT NULL)),
    ADD CONSTRAINT model_calls_charged CHECK (status = 'ANSWERED' OR charged_mc IS NULL);
CREATE INDEX model_calls_due ON model_calls (created_at, id) WHERE status IN ('WANTED', 'DISPATCHED');
CREATE INDEX model_calls_at_work ON model_calls (user_id) WHERE status = 'DISPATCHED';
CREATE INDEX model_calls_known ON model_calls (job_id, name) WHERE status = 'ANSWERED';
