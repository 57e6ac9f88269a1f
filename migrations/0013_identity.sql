-- Which database this is: what lies outside of it and belongs to it says so. Made when it is first asked for.
CREATE TABLE identity (
    id uuid PRIMARY KEY,
    one boolean NOT NULL DEFAULT true UNIQUE CHECK (one)
);
