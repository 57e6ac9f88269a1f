-- Jobs. What a job is stands in job_events; everything else here follows from it or goes with it.

CREATE TABLE projects (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    language_pair text NOT NULL,
    created_at timestamptz NOT NULL,
    archived_at timestamptz,
    UNIQUE (owner_id, name)
);

CREATE TABLE refactor_jobs (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users (id),
    project_id uuid NOT NULL REFERENCES projects (id),
    language_pair text NOT NULL,
    execution_mode text NOT NULL CHECK (execution_mode IN ('LOCAL_DOCKER', 'LOCAL_NATIVE', 'REMOTE_SANDBOX')),
    mode text NOT NULL DEFAULT 'PROFESSIONAL' CHECK (mode IN ('SIMPLE', 'PROFESSIONAL', 'ENTERPRISE')),
    pre_authorised boolean NOT NULL DEFAULT false,

    -- Projections of the events, written with them and by nothing else.
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN (
        'PENDING', 'ANALYZING', 'GENERATING_ANALYSIS_REPORT', 'WAITING_STRATEGY', 'WAITING_SPEC_APPROVAL',
        'GENERATING_TESTS', 'BASELINE_VALIDATION', 'BASELINE_VALIDATION_FAILED', 'REFACTORING',
        'WAITING_ESCALATION_DECISION', 'WAITING_INTERVENTION', 'DEEP_FIX_ACTIVE', 'USER_INTERVENING',
        'CLIENT_HEARTBEAT_LOST', 'RECOVERY_PENDING', 'FALLBACK_REQUIRED', 'DELIVERED', 'FAILED')),
    place text NOT NULL DEFAULT 'PENDING',
    failure_reason text,
    strategy text CHECK (strategy IN ('CONSERVATIVE', 'STANDARD', 'COMPREHENSIVE')),
    baseline_mode text,
    confidence smallint CHECK (confidence BETWEEN 0 AND 100),
    round integer NOT NULL DEFAULT 0,
    attempt_count smallint NOT NULL DEFAULT 0 CHECK (attempt_count BETWEEN 0 AND 10),
    identical_failure_count smallint NOT NULL DEFAULT 0 CHECK (identical_failure_count BETWEEN 0 AND 3),
    failure_pattern_fingerprint text,
    spec_revision integer NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0,
    rules_version integer NOT NULL,
    -- The folded job: a cache of its events, without a line of source.
    snapshot jsonb NOT NULL,
    artifacts_expire_at timestamptz,

    -- Who carries out what the server owes this job. Each lease has a higher fencing token than the one before.
    driver text,
    driver_lease_until timestamptz,
    fencing_token bigint NOT NULL DEFAULT 0,
    -- The number of the last event on its stream.
    stream_id bigint NOT NULL DEFAULT 0,

    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    updated_at timestamptz NOT NULL,
    CHECK ((status = 'FAILED') = (failure_reason IS NOT NULL)),
    CHECK ((status = 'PENDING') = (seq = 0))
);
CREATE INDEX refactor_jobs_owner ON refactor_jobs (owner_id, created_at DESC, id DESC);
CREATE INDEX refactor_jobs_project ON refactor_jobs (project_id);
CREATE INDEX refactor_jobs_live ON refactor_jobs (status) WHERE status NOT IN ('PENDING', 'DELIVERED', 'FAILED');

ALTER TABLE audit_events ADD FOREIGN KEY (job_id) REFERENCES refactor_jobs (id);
ALTER TABLE support_ticket_logs ADD FOREIGN KEY (job_id) REFERENCES refactor_jobs (id);
ALTER TABLE credit_transactions ADD FOREIGN KEY (job_id) REFERENCES refactor_jobs (id);

CREATE TABLE job_events (
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    kind text NOT NULL,
    from_place text NOT NULL,
    to_place text NOT NULL,
    rules_version integer NOT NULL,
    -- The record as iama-job folds it: ids, hashes, counts and codes.
    record jsonb NOT NULL,
    UNIQUE (job_id, seq)
);
CREATE TRIGGER job_events_are_final BEFORE UPDATE OR DELETE ON job_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE entitlement_snapshots (
    job_id uuid PRIMARY KEY REFERENCES refactor_jobs (id),
    user_id uuid NOT NULL REFERENCES users (id),
    tier text NOT NULL,
    snapshot jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TRIGGER entitlement_snapshots_are_final BEFORE UPDATE OR DELETE ON entitlement_snapshots
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE quota_reservations (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    round integer NOT NULL CHECK (round > 0),
    idempotency_key text NOT NULL UNIQUE,
    -- The day that the job counts for; nothing for later rounds of the same job.
    counted_on date,
    reserved_mc bigint NOT NULL CHECK (reserved_mc >= 0),
    status text NOT NULL DEFAULT 'RESERVED' CHECK (status IN ('RESERVED', 'COMMITTED', 'RELEASED')),
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    UNIQUE (job_id, round),
    CHECK ((status = 'RESERVED') = (closed_at IS NULL)),
    CHECK (idempotency_key = job_id::text || ':' || round::text)
);
CREATE INDEX quota_reservations_day ON quota_reservations (user_id, counted_on) WHERE counted_on IS NOT NULL;

CREATE TABLE billing_checkpoint_records (
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    round integer NOT NULL CHECK (round > 0),
    reached_at timestamptz NOT NULL,
    PRIMARY KEY (job_id, round)
);

-- How a round ended. A correction adds a row; it changes none.
CREATE TABLE round_settlements (
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    round integer NOT NULL CHECK (round > 0),
    correction smallint NOT NULL DEFAULT 0 CHECK (correction >= 0),
    failure_class text NOT NULL,
    billable boolean NOT NULL,
    used_mc bigint NOT NULL CHECK (used_mc >= 0),
    settled_at timestamptz NOT NULL,
    PRIMARY KEY (job_id, round, correction),
    CHECK (NOT billable OR failure_class NOT IN ('INFRA_FAILURE', 'INTERVENTION_TIMEOUT'))
);
CREATE TRIGGER round_settlements_are_final BEFORE UPDATE OR DELETE ON round_settlements
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One row for each model call: what it may cost at most before it is made, what it did cost after.
CREATE TABLE usage_ledger (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    round integer NOT NULL CHECK (round > 0),
    model_class text NOT NULL CHECK (model_class IN ('L1', 'L2', 'L3')),
    attempt_number integer NOT NULL CHECK (attempt_number > 0),
    idempotency_key text NOT NULL UNIQUE,
    route text,
    worst_case_mc bigint NOT NULL CHECK (worst_case_mc >= 0),
    actual_mc bigint CHECK (actual_mc >= 0),
    input_tokens bigint,
    output_tokens bigint,
    -- Known when the round is settled.
    billable boolean,
    failure_class text,
    created_at timestamptz NOT NULL,
    corrected_at timestamptz,
    UNIQUE (job_id, attempt_number),
    CHECK (idempotency_key = job_id::text || ':' || model_class || ':' || attempt_number::text),
    CHECK ((billable IS NULL) = (failure_class IS NULL))
);
CREATE INDEX usage_ledger_user ON usage_ledger (user_id, created_at);

-- The clients of a job; one of them is bound to it.
CREATE TABLE client_heartbeat_sessions (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    user_id uuid NOT NULL REFERENCES users (id),
    client text NOT NULL CHECK (length(client) <= 200),
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'LOST', 'CLOSED')),
    last_seen_at timestamptz NOT NULL,
    lost_at timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ((status = 'LOST') = (lost_at IS NOT NULL))
);
CREATE UNIQUE INDEX client_heartbeat_sessions_bound ON client_heartbeat_sessions (job_id) WHERE status <> 'CLOSED';
CREATE INDEX client_heartbeat_sessions_silent ON client_heartbeat_sessions (last_seen_at) WHERE status = 'ACTIVE';

CREATE TABLE job_timers (
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    deadline_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('GRACE', 'ESCALATION', 'INTERVENTION', 'IDLE', 'EXPIRY')),
    fires_at timestamptz NOT NULL,
    PRIMARY KEY (job_id, deadline_id)
);
CREATE INDEX job_timers_due ON job_timers (fires_at);

-- Sealed objects: their rows say where and what, their bytes lie in the object store.
CREATE TABLE job_artifacts (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    kind text NOT NULL CHECK (kind ~ '^[A-Z][A-Z0-9_]*$'),
    -- What the executor calls it, where it has a name.
    name text CHECK (length(name) <= 300),
    -- The effect that it came with.
    effect_seq bigint,
    effect_index integer,
    turn integer,
    encrypted boolean NOT NULL DEFAULT true CHECK (encrypted),
    kms_key_ref text NOT NULL CHECK (kms_key_ref <> ''),
    wrapped_key bytea NOT NULL,
    object_key text NOT NULL UNIQUE,
    content_type text NOT NULL DEFAULT 'application/octet-stream',
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    -- Of the plain bytes.
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    -- When the bytes were deleted; the row stays.
    deleted_at timestamptz,
    reminded_at timestamptz
);
CREATE INDEX job_artifacts_job ON job_artifacts (job_id, kind, created_at DESC);
CREATE UNIQUE INDEX job_artifacts_effect ON job_artifacts (job_id, effect_seq, effect_index, turn, name)
    WHERE effect_seq IS NOT NULL AND name IS NOT NULL;
CREATE INDEX job_artifacts_expiry ON job_artifacts (expires_at) WHERE deleted_at IS NULL;

-- What the user's machine is asked to do, and what it answered.
CREATE TABLE execution_requests (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    effect_seq bigint NOT NULL,
    effect_index integer NOT NULL,
    -- A model call in the middle of an effect ends a turn; its answer begins the next.
    turn integer NOT NULL DEFAULT 0,
    kind text NOT NULL,
    dispatch jsonb NOT NULL,
    status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'CLAIMED', 'ANSWERED', 'CANCELLED')),
    claimed_by uuid REFERENCES client_heartbeat_sessions (id),
    fencing_token bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    result jsonb,
    result_hash bytea CHECK (octet_length(result_hash) = 32),
    created_at timestamptz NOT NULL,
    answered_at timestamptz,
    UNIQUE (job_id, effect_seq, effect_index, turn),
    CHECK ((status = 'CLAIMED') = (lease_until IS NOT NULL)),
    CHECK ((status = 'ANSWERED') = (result IS NOT NULL))
);
CREATE INDEX execution_requests_open ON execution_requests (job_id) WHERE status IN ('OPEN', 'CLAIMED');
CREATE INDEX execution_requests_lease ON execution_requests (lease_until) WHERE status = 'CLAIMED';

-- Model calls that the server owes to an execution request.
CREATE TABLE model_calls (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    request_id uuid NOT NULL UNIQUE REFERENCES execution_requests (id),
    name text NOT NULL,
    stage text NOT NULL,
    model_class text NOT NULL CHECK (model_class IN ('L1', 'L2', 'L3')),
    fingerprint text NOT NULL,
    wanted_artifact_id uuid NOT NULL REFERENCES job_artifacts (id),
    answer_artifact_id uuid REFERENCES job_artifacts (id),
    status text NOT NULL DEFAULT 'WANTED' CHECK (status IN ('WANTED', 'DISPATCHED', 'ANSWERED', 'REFUSED', 'CANCELLED')),
    code text,
    tries integer NOT NULL DEFAULT 0,
    worst_case_microdollars bigint,
    cost_microdollars bigint,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((status = 'ANSWERED') = (answer_artifact_id IS NOT NULL))
);
CREATE INDEX model_calls_owed ON model_calls (job_id) WHERE status IN ('WANTED', 'DISPATCHED');

-- Commands to whoever drives jobs, written with the request that asks for them.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id uuid NOT NULL UNIQUE,
    topic text NOT NULL,
    job_id uuid REFERENCES refactor_jobs (id),
    payload jsonb NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    delivered_at timestamptz,
    last_error text
);
CREATE INDEX outbox_waiting ON outbox (not_before, id) WHERE delivered_at IS NULL;

-- What readers of a job's stream see, numbered for each job without gaps.
CREATE TABLE stream_events (
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    id bigint NOT NULL CHECK (id > 0),
    event text NOT NULL CHECK (event IN ('state_change', 'log_line', 'attempt_start', 'attempt_end', 'heartbeat_status',
        'deep_fix_start', 'artifact_ready', 'execution_request', 'decision_wanted', 'usage', 'job_end')),
    data jsonb,
    -- Log lines may quote source: sealed like artifacts.
    sealed bytea,
    kms_key_ref text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (job_id, id),
    CHECK ((data IS NULL) <> (sealed IS NULL)),
    CHECK ((sealed IS NULL) = (kms_key_ref IS NULL)),
    CHECK (event <> 'log_line' OR sealed IS NOT NULL)
);
