-- What people may use, the money of it, and the settings that change without a release.

-- The only source of entitlement; what a payment provider says is written here before it counts.
CREATE TABLE subscription_tiers (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    tier text NOT NULL CHECK (tier IN ('FREE', 'PLUS', 'PRO', 'MAX', 'ENTERPRISE')),
    trial boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAST_DUE', 'CANCELLED')),
    period_started_at timestamptz NOT NULL,
    period_ends_at timestamptz NOT NULL,
    -- What an administrator has added to, or taken from, the day's jobs.
    extra_jobs_a_day integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL,
    CHECK (period_ends_at > period_started_at),
    CHECK (NOT trial OR tier = 'ENTERPRISE')
);

CREATE TABLE payment_subscriptions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    provider text NOT NULL DEFAULT 'stripe' CHECK (provider IN ('stripe')),
    provider_customer_id text NOT NULL,
    provider_subscription_id text UNIQUE,
    tier text NOT NULL CHECK (tier IN ('FREE', 'PLUS', 'PRO', 'MAX', 'ENTERPRISE')),
    status text NOT NULL,
    cycle_started_at timestamptz,
    cycle_ends_at timestamptz,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    last_webhook_event_id text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX payment_subscriptions_user ON payment_subscriptions (user_id);
CREATE INDEX payment_subscriptions_customer ON payment_subscriptions (provider, provider_customer_id);

-- Credits are double entry. Amounts are thousandths of a credit; a credit is a US cent.
CREATE TABLE credit_accounts (
    id uuid PRIMARY KEY,
    user_id uuid REFERENCES users (id),
    -- AVAILABLE and RESERVED hold what a person has left, SPENT what was charged. The platform's own accounts are
    -- where grants come from (GRANTED, below zero), where expired credits go, and who pays for what is not charged.
    kind text NOT NULL CHECK (kind IN ('AVAILABLE', 'RESERVED', 'SPENT', 'GRANTED', 'EXPIRED', 'ABSORBED', 'PROVIDERS')),
    balance_mc bigint NOT NULL DEFAULT 0,
    CHECK ((user_id IS NULL) = (kind IN ('GRANTED', 'EXPIRED', 'ABSORBED', 'PROVIDERS'))),
    CONSTRAINT credit_accounts_not_below_zero CHECK (kind NOT IN ('AVAILABLE', 'RESERVED', 'SPENT') OR balance_mc >= 0)
);
CREATE UNIQUE INDEX credit_accounts_owner ON credit_accounts (user_id, kind) NULLS NOT DISTINCT;

CREATE TABLE credit_transactions (
    id uuid PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('GRANT', 'EXPIRE', 'RESERVE', 'HOLD', 'RELEASE', 'CHARGE', 'CORRECT', 'ADJUST')),
    user_id uuid REFERENCES users (id),
    job_id uuid,
    round integer,
    created_at timestamptz NOT NULL
);
CREATE INDEX credit_transactions_user ON credit_transactions (user_id, created_at);
CREATE INDEX credit_transactions_job ON credit_transactions (job_id) WHERE job_id IS NOT NULL;

CREATE TABLE credit_entries (
    transaction_id uuid NOT NULL REFERENCES credit_transactions (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    amount_mc bigint NOT NULL CHECK (amount_mc <> 0),
    PRIMARY KEY (transaction_id, account_id)
);
CREATE INDEX credit_entries_account ON credit_entries (account_id);

CREATE FUNCTION credits_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_mc) FROM credit_entries WHERE transaction_id = NEW.transaction_id) <> 0 THEN
        RAISE EXCEPTION 'the entries of a credit transaction must sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER credit_entries_balance AFTER INSERT ON credit_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credits_must_balance();
CREATE TRIGGER credit_entries_are_final BEFORE UPDATE OR DELETE ON credit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_transactions_are_final BEFORE UPDATE OR DELETE ON credit_transactions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The balance is the sum of the entries, kept with them so that it is read under one row lock.
CREATE FUNCTION credit_entry_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_accounts SET balance_mc = balance_mc + NEW.amount_mc WHERE id = NEW.account_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER credit_entries_count AFTER INSERT ON credit_entries
    FOR EACH ROW EXECUTE FUNCTION credit_entry_counts();

CREATE TABLE dynamic_configs (
    key text PRIMARY KEY CHECK (key ~ '^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$'),
    value jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    -- Nobody for what came with the release.
    updated_by uuid REFERENCES admin_accounts (id),
    updated_at timestamptz NOT NULL,
    -- A reference names where a key lies; the key itself never comes here.
    CHECK (key !~ '\.api_key_ref$' OR (jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^(env:[A-Z][A-Z0-9_]*|file:[A-Za-z0-9_.-]+)$'))
);

CREATE TABLE dynamic_config_history (
    key text NOT NULL,
    version integer NOT NULL,
    value jsonb NOT NULL,
    updated_by uuid REFERENCES admin_accounts (id),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (key, version)
);
CREATE TRIGGER dynamic_config_history_is_final BEFORE UPDATE OR DELETE ON dynamic_config_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION config_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dynamic_config_history (key, version, value, updated_by, updated_at)
    VALUES (NEW.key, NEW.version, NEW.value, NEW.updated_by, NEW.updated_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER dynamic_configs_remember AFTER INSERT OR UPDATE ON dynamic_configs
    FOR EACH ROW EXECUTE FUNCTION config_history();

-- People who are stopped.
CREATE TABLE user_kill_switches (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    set_by uuid NOT NULL REFERENCES admin_accounts (id),
    set_at timestamptz NOT NULL
);

CREATE TABLE support_ticket_logs (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    job_id uuid,
    payload_policy text NOT NULL DEFAULT 'METADATA_ONLY' CHECK (payload_policy IN ('METADATA_ONLY', 'WITH_CONTEXT')),
    consent_given_at timestamptz,
    override_by uuid REFERENCES admin_accounts (id),
    details jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'SENT', 'CLOSED')),
    created_at timestamptz NOT NULL,
    CHECK (payload_policy = 'METADATA_ONLY' OR (consent_given_at IS NOT NULL AND override_by IS NOT NULL))
);
CREATE INDEX support_ticket_logs_user ON support_ticket_logs (user_id, created_at);
