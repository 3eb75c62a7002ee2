-- Asks for the paths in the file PATHS, each thread from another place in it; prints the summary as JSON.
local paths, at, threads = {}, 0, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end

function setup(thread)
  thread:set("offset", threads * 977)
  threads = threads + 1
end

function init() at = offset % #paths end

function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end

function done(summary, latency)
  local bad = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "failures": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, bad.connect + bad.read + bad.write + bad.status + bad.timeout,
    latency:percentile(50), latency:percentile(99)))
end
