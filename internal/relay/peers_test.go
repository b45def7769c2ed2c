package relay_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func certificate(t *testing.T) testutil.Certificate {
	t.Helper()
	return testutil.NewCA(t, "peers").Issue(t, testutil.Leaf{Names: []string{"peer.test"}})
}

func dial(t *testing.T, s *testutil.Server) *relayed {
	t.Helper()
	c, err := net.Dial("tcp4", s.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return begin(t, session(t, c))
}

// lines has the program write lines and compares what comes back.
func lines(t *testing.T, program net.Conn, answer func(string) string) {
	t.Helper()
	in := bufio.NewReader(program)
	for _, line := range []string{"hello", strings.Repeat("long ", 3000), "bye"} {
		if _, err := io.WriteString(program, line+"\n"); err != nil {
			t.Fatal(err)
		}
		got, err := in.ReadString('\n')
		if want := answer(line) + "\n"; got != want || err != nil {
			t.Fatalf("the program reads %.40q… (%d bytes) and %v, want %.40q…", got, len(got), err, want)
		}
	}
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func same(s string) string { return s }

// TestServers talks to independent servers and then kills them, which is an end without close_notify.
func TestServers(t *testing.T) {
	for _, row := range []struct {
		name   string
		start  func(t *testing.T) *testutil.Server
		answer func(string) string
	}{
		{"ok OpenSSL TLS 1.2", func(t *testing.T) *testutil.Server {
			return testutil.OpenSSLServer(t, certificate(t), "-rev", "-tls1_2")
		}, reversed},
		{"ok OpenSSL TLS 1.3", func(t *testing.T) *testutil.Server {
			return testutil.OpenSSLServer(t, certificate(t), "-rev", "-tls1_3")
		}, reversed},
		{"ok GnuTLS TLS 1.2", func(t *testing.T) *testutil.Server {
			return testutil.GnuTLSServer(t, certificate(t), "TLS1.2", "--echo")
		}, same},
		{"ok GnuTLS TLS 1.3", func(t *testing.T) *testutil.Server {
			return testutil.GnuTLSServer(t, certificate(t), "TLS1.3", "--echo")
		}, same},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := row.start(t)
			r := dial(t, s)
			lines(t, r.program, row.answer)
			s.Kill()
			if n, err := r.program.Read(make([]byte, 1)); n != 0 || !errors.Is(err, linux.ECONNRESET) {
				t.Errorf("when the server is killed, the program reads %d bytes and %v, want %v", n, err, linux.ECONNRESET)
			}
			checkFailure(t, r.wait(t), "the peer")
		})
	}
}

// TestClients serves independent clients. The program greets, answers one line and closes.
func TestClients(t *testing.T) {
	for _, row := range []struct {
		name  string
		start func(t *testing.T, port string) *testutil.Process
	}{
		{"ok OpenSSL TLS 1.2", func(t *testing.T, port string) *testutil.Process {
			return testutil.OpenSSLClient(t, port, "-tls1_2", "-quiet", "-verify_quiet")
		}},
		{"ok OpenSSL TLS 1.3", func(t *testing.T, port string) *testutil.Process {
			return testutil.OpenSSLClient(t, port, "-tls1_3", "-quiet", "-verify_quiet")
		}},
		{"ok GnuTLS TLS 1.2", func(t *testing.T, port string) *testutil.Process {
			return testutil.GnuTLSClient(t, "localhost:"+port, "TLS1.2", "--insecure")
		}},
		{"ok GnuTLS TLS 1.3", func(t *testing.T, port string) *testutil.Process {
			return testutil.GnuTLSClient(t, "localhost:"+port, "TLS1.3", "--insecure")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := testutil.Listen(t)
			_, port, _ := net.SplitHostPort(l.Addr().String())
			client := row.start(t, port)
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			r := begin(t, serve(t, c))
			_, _ = io.WriteString(r.program, "who is there?\n")
			client.WaitOutput("who is there\\?")
			client.Send("it is me\n")
			got, err := bufio.NewReader(r.program).ReadString('\n')
			if got != "it is me\n" || err != nil {
				t.Errorf("the program reads %q and %v", got, err)
			}
			_, _ = io.WriteString(r.program, "farewell\n")
			_ = r.program.Close()
			client.WaitOutput("farewell")
			if status := client.Wait(); status != 0 {
				t.Errorf("the client ends with status %d:\n%s", status, client.Output())
			}
			if err := r.wait(t); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}
