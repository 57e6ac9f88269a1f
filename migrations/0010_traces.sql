-- A model call is made by another process than the one that was asked for it: the trace goes on there.

-- As W3C has it: names of a trace and of a span, and nothing else.
ALTER TABLE model_calls ADD COLUMN traceparent text
    CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');
