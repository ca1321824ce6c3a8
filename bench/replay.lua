-- Replays requests that were signed beforehand: wrk's own work per request is to hand on a string.
-- The file holds each request as its length in decimal, a line end, and its bytes. Every answer's status is counted by wrk;
-- one that is no success makes the whole measurement void (bench/run.py).

local requests, count, at = {}, 0, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  while true do
    local size = file:read("n")
    if not size then break end
    file:read(1)
    count = count + 1
    requests[count] = file:read(size)
  end
  file:close()
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    "RESULT %d %d %d %d %d\n",
    summary.requests, summary.duration, errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
