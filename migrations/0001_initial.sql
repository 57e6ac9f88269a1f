-- The first migration. Nothing lives here yet but what shows that migrations arrive.
CREATE TABLE schema_probe (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    note text NOT NULL UNIQUE
);
