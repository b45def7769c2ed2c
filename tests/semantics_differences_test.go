package tests

// A difference is an observation that is not the same over IPPROTO_TLS, and the reason. Values are JSON.
type difference struct{ tcp, tls, reason string }

// semanticsDifferences lists what differs on purpose. The program's descriptor is an AF_UNIX stream socket, on which
// the kernel carries out everything but the trapped calls.
func semanticsDifferences() map[string]difference {
	return map[string]difference{
		"data_oob: send": {`1`, `"EOPNOTSUPP"`, "TLS has no urgent data"},
	}
}
