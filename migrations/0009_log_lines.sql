-- Log lines are found by their age: they are kept no longer than artifacts.

CREATE INDEX stream_events_lines ON stream_events (created_at) WHERE event = 'log_line';
CREATE INDEX stream_events_lines_of_job ON stream_events (job_id) WHERE event = 'log_line';
