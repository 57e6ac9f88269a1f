-- What the health page of administrators counts.
CREATE INDEX refactor_jobs_ended ON refactor_jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX model_calls_time ON model_calls (created_at);
