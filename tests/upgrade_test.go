package tests

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestUpgradeScenarios runs those of programs/python/upgrade.py, with the service in the supervisor and in a daemon.
func TestUpgradeScenarios(t *testing.T) {
	script, err := os.ReadFile("programs/python/upgrade.py")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)for scenario in \((.*?)\)`).FindSubmatch(script)
	for _, row := range []struct {
		name string
		run  func(t *testing.T, words ...string) *exec.Cmd
	}{
		{"ok embedded", func(t *testing.T, words ...string) *exec.Cmd { return ssaRun(t, words...) }},
		{"ok with ssad", func(t *testing.T, words ...string) *exec.Cmd { return newMachine(t).run(words...) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPKI(t)
			out, status := testutil.Run(t, row.run(t, testutil.Python(t), "-B", "programs/python/upgrade.py", p.ca.Path, p.server.Chain, p.server.Key), "")
			if status != 0 {
				t.Fatalf("it ended with %d:\n%s", status, out)
			}
			for name := range strings.SplitSeq(string(list[1]), ",") {
				if !strings.Contains(out, "ok "+strings.TrimSpace(name)+"\n") {
					t.Errorf("%s did not run:\n%s", name, out)
				}
			}
		})
	}
}

// TestUpgradeByManyThreads checks that a connection that several threads upgrade at once is upgraded once.
func TestUpgradeByManyThreads(t *testing.T) {
	p := newPKI(t)
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	out, status := testutil.Run(t, ssaRun(t, compileC(t, "tests/programs/c/upgrade_race.c"), s.Port(), p.ca.Path), "")
	if status != 0 || out != "ok\n" {
		t.Errorf("it ended with %d:\n%s", status, out)
	}
}

// exim starts a mail server with STARTTLS, which is linked with GnuTLS, and gives its port.
func exim(t *testing.T, c testutil.Certificate) string {
	t.Helper()
	testutil.Require(t, testutil.Root(), testutil.Program("exim4"))
	dir, err := os.MkdirTemp("", "exim")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	port := strconv.Itoa(int(testutil.FreePort(t)))
	conf := fmt.Sprintf("primary_hostname = localhost\nspool_directory = %[1]s\nlog_file_path = %[1]s/%%s.log\nkeep_environment =\n"+
		"host_lookup =\ntls_advertise_hosts = *\ntls_certificate = %[1]s/chain\ntls_privatekey = %[1]s/key\n", dir)
	for name, content := range map[string][]byte{"chain": c.ChainPEM, "key": c.KeyPEM, "conf": []byte(conf)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { // its own user reads them
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	testutil.Start(t, exec.Command("exim4", "-bdf", "-C", filepath.Join(dir, "conf"), "-oX", "127.0.0.1."+port, "-oP", filepath.Join(dir, "pid")))
	if !eventually(func() bool { return answers(port) }) {
		t.Fatal("exim does not listen")
	}
	return port
}

// TestUpgradeExampleClients speaks SMTP with a mail server.
func TestUpgradeExampleClients(t *testing.T) {
	p := newPKI(t)
	port := exim(t, p.server)
	python := []string{testutil.Python(t), "-B", "../examples/python/smtp_starttls.py"}
	for _, row := range []struct {
		name, trust string
		words       []string
		status      int
		want        string
	}{
		{"ok c", p.ca.Path, []string{compileC(t, "examples/c/smtp_starttls.c")}, 0, "220 TLS go ahead"},
		{"ok python", p.ca.Path, python, 0, "PIPELINING"},
		{"bad c, trust", testutil.NewCA(t, "another").Path, []string{compileC(t, "examples/c/smtp_starttls.c")}, 1, "Key was rejected"},
		{"bad python, trust", testutil.NewCA(t, "another").Path, python, 1, "Key was rejected"},
	} {
		t.Run(row.name, func(t *testing.T) {
			out, status := testutil.Run(t, ssaRun(t, append(row.words, "localhost", port, row.trust)...), "")
			_, after, _ := strings.Cut(out, "go ahead")
			if status != row.status || !strings.Contains(out, row.want) || strings.Contains(after, "STARTTLS") {
				t.Errorf("it ended with %d and said:\n%s", status, out)
			}
		})
	}
}

// TestUpgradeExampleServer takes mail from curl, and a handshake from OpenSSL and GnuTLS.
func TestUpgradeExampleServer(t *testing.T) {
	testutil.Require(t, testutil.Program("curl"), testutil.Program("openssl"), testutil.Program("gnutls-cli"))
	p := newPKI(t)
	server := testutil.Start(t, ssaRun(t, testutil.Python(t), "-B", "../examples/python/smtp_server.py", "0", p.server.Chain, p.server.Key))
	port := server.WaitOutput(`port (\d+)`)[1]
	curl := exec.Command("curl", "-sS", "--max-time", "30", "--url", "smtp://localhost:"+port, "--ssl-reqd", "--cacert", p.ca.Path,
		"--mail-from", "a@test", "--mail-rcpt", "b@test", "-T", "-")
	if out, status := testutil.Run(t, curl, "Subject: hello\r\n\r\nover TLS\r\n"); status != 0 {
		t.Errorf("curl ended with %d:\n%s", status, out)
	}
	server.WaitOutput(`mail over TLS`)
	for _, words := range [][]string{
		{"openssl", "s_client", "-starttls", "smtp", "-connect", "127.0.0.1:" + port, "-CAfile", p.ca.Path, "-verify_return_error",
			"-verify_hostname", "localhost", "-quiet"},
		{"gnutls-cli", "--starttls-proto=smtp", "--port=" + port, "--x509cafile=" + p.ca.Path, "localhost"},
	} {
		out, status := testutil.Run(t, exec.Command(words[0], words[1:]...), "NOOP\r\nQUIT\r\n")
		if status != 0 || !strings.Contains(out, "221 goodbye") {
			t.Errorf("%s ended with %d:\n%s", words[0], status, out)
		}
	}
	if out, status := testutil.Run(t, exec.Command("curl", "-sS", "--max-time", "30", "--url", "smtp://localhost:"+port, "--ssl-reqd",
		"--mail-from", "a@test", "--mail-rcpt", "b@test", "-T", "-"), "x"); status == 0 {
		t.Errorf("curl that does not trust the server succeeded:\n%s", out)
	}
}

// answers is whether something listens on a port of the loopback address.
func answers(port string) bool {
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}
