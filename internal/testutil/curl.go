package testutil

import (
	"testing"
)

// Curl fetches https://host/ from the loopback address, where host is "name:port", trusting the authority alone.
// It returns what curl wrote (its account of the connection included) and its exit status.
func Curl(t testing.TB, ca *CA, host string, args ...string) (output string, status int) {
	t.Helper()
	all := append([]string{
		"--silent", "--show-error", "--verbose", "--max-time", "30", "--cacert", ca.Path,
		"--resolve", host + ":127.0.0.1",
	}, args...)
	return Run(t, command(t, "curl", append(all, "https://"+host+"/")...), "")
}
