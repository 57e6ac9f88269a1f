-- People, how they sign in, and the administrators, who are nobody's users.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    email_verified_at timestamptz,
    password_hash text,
    display_name text NOT NULL DEFAULT '' CHECK (length(display_name) <= 200),
    segment text NOT NULL DEFAULT 'B' CHECK (segment IN ('A', 'B')),
    -- Whether the person has asked for the fast track.
    expert boolean NOT NULL DEFAULT false,
    consent_given_at timestamptz,
    -- The first-run disclosure: what is processed, and that nothing is trained on.
    disclosure_accepted_at timestamptz,
    zero_telemetry_mode boolean NOT NULL DEFAULT false,
    -- Bumped when every access token of the person must stop to work.
    token_generation integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE UNIQUE INDEX users_email ON users (email) WHERE deleted_at IS NULL;

CREATE TABLE oauth_accounts (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    provider text NOT NULL CHECK (provider IN ('github', 'google')),
    provider_account_id text NOT NULL,
    email text NOT NULL,
    email_verified boolean NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (provider, provider_account_id),
    UNIQUE (user_id, provider)
);

-- One sign-in on one machine. Its refresh tokens are a family: using one twice ends all of them.
CREATE TABLE user_sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    method text NOT NULL CHECK (method IN ('PASSWORD', 'GITHUB', 'GOOGLE', 'DEVICE')),
    client text NOT NULL CHECK (length(client) <= 200),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text CHECK (revoked_reason IN ('LOGOUT', 'REUSE', 'PASSWORD_CHANGED', 'ADMIN', 'ACCOUNT_DELETED')),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE INDEX user_sessions_user ON user_sessions (user_id) WHERE revoked_at IS NULL;

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    session_id uuid NOT NULL REFERENCES user_sessions (id) ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    used_at timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

-- A visit to an identity provider that is under way.
CREATE TABLE oauth_flows (
    state_hash bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    provider text NOT NULL CHECK (provider IN ('github', 'google')),
    -- The verifier of our own request to the provider, sealed like an artifact.
    pkce_verifier bytea NOT NULL,
    kms_key_ref text NOT NULL,
    nonce text NOT NULL,
    -- Where the browser goes in the end, and the challenge of whoever waits there.
    return_to text NOT NULL,
    client_challenge text NOT NULL,
    client_state text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    consumed_at timestamptz
);
CREATE INDEX oauth_flows_expiry ON oauth_flows (expires_at);

-- What the browser hands to the waiting client, which changes it for tokens with its verifier. Good once.
CREATE TABLE login_codes (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    user_id uuid NOT NULL REFERENCES users (id),
    method text NOT NULL CHECK (method IN ('PASSWORD', 'GITHUB', 'GOOGLE')),
    client_challenge text NOT NULL,
    return_to text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    consumed_at timestamptz
);
CREATE INDEX login_codes_expiry ON login_codes (expires_at);

-- The device flow (RFC 8628).
CREATE TABLE device_authorizations (
    device_code_hash bytea PRIMARY KEY CHECK (octet_length(device_code_hash) = 32),
    user_code text NOT NULL UNIQUE,
    client text NOT NULL,
    user_id uuid REFERENCES users (id),
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'APPROVED', 'DENIED', 'CONSUMED')),
    interval_seconds integer NOT NULL CHECK (interval_seconds > 0),
    last_polled_at timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    CHECK (status NOT IN ('APPROVED', 'CONSUMED') OR user_id IS NOT NULL)
);
CREATE INDEX device_authorizations_expiry ON device_authorizations (expires_at);

-- Failed sign-ins, counted for an account as seen from one network and for the network, never for an account alone:
-- nobody can lock somebody else out.
CREATE TABLE login_failures (
    subject bytea NOT NULL CHECK (octet_length(subject) = 32),
    failures integer NOT NULL CHECK (failures > 0),
    window_started_at timestamptz NOT NULL,
    blocked_until timestamptz,
    PRIMARY KEY (subject)
);
CREATE INDEX login_failures_window ON login_failures (window_started_at);

CREATE TABLE admin_accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('SUPER_ADMIN', 'ENGINEER', 'SUPPORT')),
    active boolean NOT NULL DEFAULT true,
    created_by uuid REFERENCES admin_accounts (id),
    created_at timestamptz NOT NULL,
    last_login_at timestamptz
);

-- Eight hours, and no way to make them longer.
CREATE TABLE admin_sessions (
    id uuid PRIMARY KEY,
    admin_id uuid NOT NULL REFERENCES admin_accounts (id),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (expires_at > created_at AND expires_at <= created_at + interval '8 hours')
);
CREATE INDEX admin_sessions_admin ON admin_sessions (admin_id) WHERE revoked_at IS NULL;

-- Who did what. Rows are only ever added.
CREATE TABLE audit_events (
    id uuid PRIMARY KEY,
    actor text NOT NULL CHECK (actor IN ('USER', 'ADMIN', 'SYSTEM')),
    actor_id uuid,
    user_id uuid,
    job_id uuid,
    action text NOT NULL CHECK (action ~ '^[A-Z][A-Z0-9_]*$'),
    -- Codes, ids and counts; never source, prompts, tokens or keys.
    details jsonb NOT NULL DEFAULT '{}',
    request_id text,
    created_at timestamptz NOT NULL,
    CHECK ((actor = 'SYSTEM') = (actor_id IS NULL))
);
CREATE INDEX audit_events_job ON audit_events (job_id, created_at) WHERE job_id IS NOT NULL;
CREATE INDEX audit_events_user ON audit_events (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_time ON audit_events (created_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_events_are_final BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Every write carries a key; within a day the same key gets the same answer.
CREATE TABLE idempotency_keys (
    actor_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    -- Nothing while the first request is at work.
    status integer,
    -- The answer, sealed: it may quote what its owner wrote.
    body bytea,
    kms_key_ref text,
    locked_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    PRIMARY KEY (actor_id, operation, key),
    CHECK ((body IS NULL) = (kms_key_ref IS NULL)),
    CHECK (body IS NULL OR status IS NOT NULL)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
