-- Credits are granted once for each period of a subscription; a better tier in mid-period gets the difference.
ALTER TABLE subscription_tiers
    -- The period for which they were granted: when it began.
    ADD COLUMN granted_for timestamptz,
    ADD COLUMN granted_tier text CHECK (granted_tier IN ('FREE', 'PLUS', 'PRO', 'MAX', 'ENTERPRISE')),
    -- How much, for this period.
    ADD COLUMN granted_mc bigint NOT NULL DEFAULT 0 CHECK (granted_mc >= 0),
    ADD CHECK ((granted_for IS NULL) = (granted_tier IS NULL));
CREATE INDEX subscription_tiers_ending ON subscription_tiers (period_ends_at) WHERE status = 'ACTIVE';
CREATE INDEX subscription_tiers_ungranted ON subscription_tiers (user_id)
    WHERE status = 'ACTIVE' AND (granted_for IS DISTINCT FROM period_started_at OR granted_tier IS DISTINCT FROM tier);
