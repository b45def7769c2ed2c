package tests

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// A pki is what the peers of the interoperability tests prove themselves with: a root, an intermediate that signed
// both ends, so that chains of two certificates travel, and one certificate for each end.
type pki struct {
	ca             *testutil.CA
	server, client testutil.Certificate
}

func newPKI(t testing.TB) pki {
	t.Helper()
	ca := testutil.NewCA(t, "interop root")
	sub := ca.Intermediate(t, testutil.Leaf{CommonName: "interop intermediate", CA: true})
	return pki{
		ca: ca,
		server: sub.Issue(t, testutil.Leaf{
			Names: []string{"localhost", "server.test"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)},
		}),
		client: sub.Issue(t, testutil.Leaf{CommonName: "the client"}),
	}
}

// A tlsVersion is a version in the words of each party.
type tlsVersion struct {
	number                      string // TLS_CHOSEN_VERSION
	openssl, curl, gnutls, page string
}

func tlsVersions() []tlsVersion {
	return []tlsVersion{
		{"0x0303", "-tls1_2", "1.2", "TLS1.2", "TLSv1.2"},
		{"0x0304", "-tls1_3", "1.3", "TLS1.3", "TLSv1.3"},
	}
}

// A report is what a test program wrote: its lines, for each connection, and what it got as an answer.
type report struct {
	output      string
	status      int
	connections []connection
}

type connection struct {
	values map[string]string
	answer string
}

// parseReport takes the output of a client or server program apart.
func parseReport(output string, status int) report {
	r := report{output: output, status: status}
	for i, part := range strings.Split("\n"+output, "\nconnection") {
		if i == 0 {
			continue
		}
		head, answer, _ := strings.Cut(part, "\nanswer\n")
		r.connections = append(r.connections, connection{testutil.Lines(head), answer})
	}
	return r
}

// failure is the "CALL ERRNO TEXT" of the program's fail line, empty when it had none.
func (r report) failure() (call, errno, text string) {
	fields := strings.SplitN(testutil.Lines(r.output)["fail"], " ", 3)
	fields = append(fields, "", "")
	return fields[0], fields[1], fields[2]
}

// runClient runs a client program under `ssa run`.
func runClient(t testing.TB, l language, words ...string) report {
	t.Helper()
	return runCommand(t, ssaRun(t, append(append([]string(nil), l.client...), words...)...))
}

func runCommand(t testing.TB, cmd *exec.Cmd) report {
	t.Helper()
	output, status := testutil.Run(t, cmd, "")
	return parseReport(output, status)
}

// startServer starts a server program under `ssa run` on a port the kernel chooses, and returns when it listens.
func startServer(t testing.TB, l language, words ...string) *testutil.Server {
	t.Helper()
	p := testutil.Start(t, ssaRun(t, append(append(append([]string(nil), l.server...), "0"), words...)...))
	return &testutil.Server{Process: p, Addr: loopbackAddr(t, p.WaitOutput(`(?m)^port (\d+)$`)[1])}
}

// wantValues checks lines of a report. A want that begins with ~ is to be contained, any other to be equal.
func wantValues(t *testing.T, got map[string]string, want map[string]string) {
	t.Helper()
	for name, w := range want {
		part, contains := strings.CutPrefix(w, "~")
		if contains && !strings.Contains(got[name], part) || !contains && got[name] != w {
			t.Errorf("%s: got %q, want %q", name, got[name], w)
		}
	}
}

// wantFailure checks how a program failed: errnos are alternatives separated by "|", text is a part of TLS_ERROR with
// alternatives likewise. TLS_ERROR is never empty.
func wantFailure(t *testing.T, r report, call, errnos string, texts ...string) {
	t.Helper()
	gotCall, gotErrno, gotText := r.failure()
	if gotCall != call || !oneOf(errnos, func(e string) bool { return e == gotErrno }) {
		t.Errorf("got %s: %s (%s), want %s: %s\n%s", gotCall, gotErrno, gotText, call, errnos, r.output)
	}
	for _, text := range texts {
		if !oneOf(text, func(s string) bool { return strings.Contains(gotText, s) }) {
			t.Errorf("TLS_ERROR: got %q, want %q in it", gotText, text)
		}
	}
	if gotText == "" {
		t.Errorf("TLS_ERROR is empty after %s: %s", gotCall, gotErrno)
	}
}

func oneOf(alternatives string, ok func(string) bool) bool {
	for a := range strings.SplitSeq(alternatives, "|") {
		if ok(a) {
			return true
		}
	}
	return false
}
