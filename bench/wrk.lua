-- Run by wrk: prints what the run came to as one line of JSON, for a program to read.
-- `wrk … URL -- unlike SEED` also sends heads of 2 KiB of which no two are alike.

local BROWSER = table.concat({
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
  "Accept-Language: en-US,en;q=0.5",
  "Accept-Encoding: gzip, deflate, br",
  "Referer: http://127.0.0.1/some/page/that/links/here.html",
  "Upgrade-Insecure-Requests: 1",
  "Sec-Fetch-Dest: document",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Site: same-origin",
}, "\r\n")
local HEAD_BYTES = 2048

-- Runs once a thread; of those there is one. Without a global `request` wrk sends the same bytes
-- again and again.
function init(args)
  if args[1] ~= "unlike" then return end
  local start = string.format("GET %s HTTP/1.1\r\nHost: %s\r\nX-Request-Id: %s-",
    wrk.path, wrk.headers["Host"], args[2])
  local cookie = "\r\n" .. BROWSER .. "\r\nCookie: session="
  local rest = "; " .. string.rep("c", HEAD_BYTES - #start - #cookie - 30) .. "\r\n\r\n"
  local count = 0
  request = function()
    count = count + 1
    return start .. count .. cookie .. count .. rest
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "bytes": %d, "duration_us": %d,' ..
    ' "latency_us": {"p50": %d, "p99": %d},' ..
    ' "errors": {"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}}\n',
    summary.requests, summary.bytes, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
