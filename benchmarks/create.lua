-- Creates a record with every request, each under a key of its own; prints the summary as JSON.
local threads = 0
local body = os.getenv("BODY")
local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. os.getenv("KEY")}

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init() made = 0 end

function request()
  made = made + 1
  headers["Idempotency-Key"] = os.getenv("RUN") .. "-" .. number .. "-" .. made
  return wrk.format("POST", "/v1/resources", headers, body)
end

function done(summary, latency)
  local bad = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "failures": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, bad.connect + bad.read + bad.write + bad.status + bad.timeout,
    latency:percentile(50), latency:percentile(99)))
end
