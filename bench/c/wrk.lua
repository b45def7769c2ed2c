-- Writes what a run of wrk came to as one line of JSON.
done = function(summary, latency, requests)
	local e = summary.errors
	io.write(string.format('{"rate":%f,"p50":%f,"p99":%f,"p999":%f,"requests":%d,"errors":%d}\n',
		summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
		summary.requests, e.connect + e.read + e.write + e.timeout + e.status))
end
