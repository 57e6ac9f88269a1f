-- What would become of a spec by a person's words: a model is asked while they wait, beside the effects of the job.

CREATE TABLE spec_previews (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES refactor_jobs (id),
    user_id uuid NOT NULL REFERENCES users (id),
    round integer NOT NULL CHECK (round > 0),
    -- The revision that the words are about, and the hash of both.
    revision integer NOT NULL CHECK (revision > 0),
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    model_class text NOT NULL CHECK (model_class IN ('L1', 'L2', 'L3')),
    status text NOT NULL DEFAULT 'ASKED' CHECK (status IN ('ASKED', 'ANSWERED', 'FAILED', 'LOST')),
    code text,
    -- Reserved before anything is sent.
    worst_case_mc bigint NOT NULL CHECK (worst_case_mc >= 0),
    -- What the person pays when the round is charged.
    charged_mc bigint CHECK (charged_mc >= 0),
    -- All requests, those that brought nothing included.
    cost_microdollars bigint CHECK (cost_microdollars >= 0),
    input_tokens bigint,
    output_tokens bigint,
    -- The preview, sealed.
    answer_artifact_id uuid REFERENCES job_artifacts (id),
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((status = 'ASKED') = (ended_at IS NULL)),
    CHECK ((status = 'ANSWERED') = (answer_artifact_id IS NOT NULL)),
    CHECK ((status = 'ANSWERED') = (charged_mc IS NOT NULL)),
    CHECK (charged_mc <= worst_case_mc)
);
CREATE INDEX spec_previews_job ON spec_previews (job_id, round);
