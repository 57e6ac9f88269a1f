-- Housekeeping that one server does for all of them: when it is due again. Whoever moves the time does it.
CREATE TABLE chores (
    name text PRIMARY KEY,
    due_at timestamptz NOT NULL,
    -- What was found, where the others want to know it.
    found jsonb
);
