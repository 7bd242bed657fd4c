-- GET /v1/jobs/{id} over the jobs of a file, one after another. Arguments: file of the token, file of ids.
function init(args)
    local token = io.open(args[1]):read("l")
    requests, at = {}, 0
    for id in io.lines(args[2]) do
        requests[#requests + 1] = wrk.format("GET", "/v1/jobs/" .. id, {Authorization = "Bearer " .. token})
    end
    at = math.random(#requests)
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        "RESULT {\"requests\":%d,\"us\":%d,\"p50\":%d,\"p99\":%d,\"most\":%d,\"refused\":%d,\"broken\":%d}\n",
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max, e.status,
        e.connect + e.read + e.write + e.timeout))
end
