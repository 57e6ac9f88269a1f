-- What came of the work: specs, test runs, patches. Text that says something about the code is sealed.

CREATE TABLE spec_revisions (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    revision integer NOT NULL CHECK (revision > 0),
    -- An edit names the revision that it was made from.
    revision_token uuid NOT NULL UNIQUE,
    strategy text NOT NULL CHECK (strategy IN ('CONSERVATIVE', 'STANDARD', 'COMPREHENSIVE')),
    author text NOT NULL CHECK (author IN ('DRAFT', 'USER', 'WORDS', 'FAST_TRACK', 'FALLBACK')),
    artifact_id uuid NOT NULL REFERENCES job_artifacts (id),
    created_at timestamptz NOT NULL,
    approved_at timestamptz,
    UNIQUE (job_id, revision)
);

CREATE TABLE bdd_items (
    revision_id uuid NOT NULL REFERENCES spec_revisions (id),
    item_id text NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    origin text NOT NULL,
    content bytea NOT NULL,
    kms_key_ref text NOT NULL,
    content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
    PRIMARY KEY (revision_id, item_id)
);

CREATE TABLE sdd_items (
    revision_id uuid NOT NULL REFERENCES spec_revisions (id),
    item_id text NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    origin text NOT NULL,
    content bytea NOT NULL,
    kms_key_ref text NOT NULL,
    content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
    PRIMARY KEY (revision_id, item_id)
);

CREATE TABLE test_runs (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    effect_seq bigint NOT NULL,
    effect_index integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('BASELINE', 'RESULT', 'SELECTION')),
    round integer NOT NULL,
    attempt smallint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('PASSED', 'LOGIC_FAILURE', 'TIMEOUT_EXECUTION', 'UNRUNNABLE')),
    passed integer,
    failed integer,
    uncovered integer,
    failure_fingerprint text,
    artifact_id uuid REFERENCES job_artifacts (id),
    created_at timestamptz NOT NULL,
    UNIQUE (job_id, effect_seq, effect_index)
);

CREATE TABLE patch_attempts (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    effect_seq bigint NOT NULL,
    effect_index integer NOT NULL,
    round integer NOT NULL,
    attempt smallint NOT NULL CHECK (attempt BETWEEN 0 AND 10),
    model_class text NOT NULL CHECK (model_class IN ('L0', 'L1', 'L2', 'L3')),
    outcome text NOT NULL CHECK (outcome IN ('GENERATED', 'APPLIED', 'REFUSED')),
    refusal_code text,
    patch_artifact_id uuid REFERENCES job_artifacts (id),
    created_at timestamptz NOT NULL,
    UNIQUE (job_id, effect_seq, effect_index),
    CHECK ((outcome = 'REFUSED') = (refusal_code IS NOT NULL))
);

CREATE TABLE patch_edit_operations (
    attempt_id uuid NOT NULL REFERENCES patch_attempts (id),
    position integer NOT NULL CHECK (position >= 0),
    operation text NOT NULL,
    path text NOT NULL,
    target_file_fingerprint text,
    -- The text that the edit looks for, sealed.
    apply_anchor bytea,
    kms_key_ref text,
    anchor_sha256 bytea CHECK (octet_length(anchor_sha256) = 32),
    apply_outcome text NOT NULL,
    PRIMARY KEY (attempt_id, position),
    CHECK ((apply_anchor IS NULL) = (kms_key_ref IS NULL)),
    CHECK ((apply_anchor IS NULL) = (anchor_sha256 IS NULL))
);
