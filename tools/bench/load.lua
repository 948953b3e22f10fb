-- What wrk sends, and how it tells what came of it. Arguments: content type, "lines" or "whole", the file of the body
-- (or "-" for a GET), and requests a second ("0": as fast as the answers come).
local ffi = require("ffi")
ffi.cdef [[
typedef struct { long tv_sec; long tv_nsec; } bench_timespec;
int clock_gettime(int clock, bench_timespec *now);
]]

local MONOTONIC = ffi.os == "OSX" and 6 or 1
local moment = ffi.new("bench_timespec")
local requests, nth = {}, 0
local interval_ms, due_ms

local function now_ms()
    ffi.C.clock_gettime(MONOTONIC, moment)
    return tonumber(moment.tv_sec) * 1000 + tonumber(moment.tv_nsec) / 1000000
end

-- The next free place in the schedule, from now; at once where that has passed. Latencies are corrected by wrk itself,
-- with the interval at which a connection sends.
local function until_due()
    due_ms = (due_ms or now_ms()) + interval_ms
    return math.max(0, math.floor(due_ms - now_ms() + 0.5))
end

function init(arguments)
    local content_type, how, path, rate = arguments[1], arguments[2], arguments[3], tonumber(arguments[4])
    if path == "-" then
        requests[1] = wrk.format("GET")
    else
        wrk.headers["content-type"] = content_type
        if how == "lines" then
            for line in io.lines(path) do
                requests[#requests + 1] = wrk.format("POST", nil, nil, line)
            end
        else
            local file = assert(io.open(path, "rb"))
            requests[1] = wrk.format("POST", nil, nil, file:read("*a"))
            file:close()
        end
    end
    if rate > 0 then
        interval_ms = 1000 / rate
        -- wrk asks for `delay` only where it is there when this function has returned.
        delay = until_due
    end
end

function request()
    nth = nth % #requests + 1
    return requests[nth]
end

function done(summary, latency)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        '{"requests":%d,"duration_us":%d,"refused":%d,"broken":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d}\n',
        summary.requests, summary.duration, errors.status, broken,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
