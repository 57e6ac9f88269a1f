-- Requests from a file, each once and in order, for wrk. A line is: method, path, token, key or "-", body.
-- With "again" the file begins anew when it ends; without it nothing more is sent.

local requests, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, token, key, body = line:match("^(%S+) (%S+) (%S+) (%S+) ?(.*)$")
    local headers = { ["Authorization"] = "Bearer " .. token }
    if key ~= "-" then
      headers["Idempotency-Key"] = key
    end
    if body ~= "" then
      headers["Content-Type"] = "application/json"
    end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
  again = args[2] == "again"
end

function request()
  at = at + 1
  if at > #requests then
    if again then
      at = 1
    else
      at = #requests
      wrk.thread:stop()
    end
  end
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
