-- POST /v1/jobs, each request with an Idempotency-Key of its own. Arguments: file of the token, file with the body,
-- a word that no other run has used.
local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    local token = io.open(args[1]):read("l")
    body = io.open(args[2]):read("a")
    name = args[3] .. "-" .. number .. "-"
    headers = {Authorization = "Bearer " .. token, ["Content-Type"] = "application/json"}
    count = 0
end

function request()
    count = count + 1
    headers["Idempotency-Key"] = name .. count
    return wrk.format("POST", "/v1/jobs", headers, body)
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        "RESULT {\"requests\":%d,\"us\":%d,\"p50\":%d,\"p99\":%d,\"most\":%d,\"refused\":%d,\"broken\":%d}\n",
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max, e.status,
        e.connect + e.read + e.write + e.timeout))
end
