-- What a code was changed for: when the code comes once more, somebody else has it, and the session ends (RFC 6749, 4.1.2).
ALTER TABLE login_codes ADD COLUMN session_id uuid REFERENCES user_sessions (id) ON DELETE CASCADE;
