package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// wrapRun is a command that runs words under `ssa run` with flags.
func wrapRun(t testing.TB, flags []string, words ...string) *exec.Cmd {
	t.Helper()
	testutil.Require(t, testutil.SeccompNotify())
	return exec.Command(ssaPath(t), append(append(append([]string{"run"}, flags...), "--"), words...)...)
}

// redisTLS starts a redis that speaks TLS and nothing else, and gives its port.
func redisTLS(t *testing.T, p pki) string {
	t.Helper()
	testutil.Require(t, testutil.Program("redis-server"))
	port := strconv.Itoa(int(testutil.FreePort(t)))
	r := testutil.Start(t, exec.Command("redis-server", "--port", "0", "--tls-port", port, "--bind", "127.0.0.1", "--save", "",
		"--tls-cert-file", p.server.Chain, "--tls-key-file", p.server.Key, "--tls-ca-cert-file", p.ca.Path, "--tls-auth-clients", "no",
		"--dir", t.TempDir()))
	r.WaitOutput(`Ready to accept connections`)
	return port
}

// TestWrapRedis lets redis-cli, which is told nothing of TLS, talk to a redis that knows nothing else.
func TestWrapRedis(t *testing.T) {
	testutil.Require(t, testutil.Program("redis-cli"))
	p := newPKI(t)
	port := redisTLS(t, p)
	set := wrapRun(t, []string{"--wrap", "localhost:" + port, "--trust", p.ca.Path}, "redis-cli", "-h", "localhost", "-p", port, "set", "key", "over TLS")
	if out, status := testutil.Run(t, set, ""); status != 0 || !strings.Contains(out, "OK") {
		t.Fatalf("set ended with %d:\n%s", status, out)
	}
	cli := func(host string, words ...string) []string {
		return append([]string{"redis-cli", "-h", host, "-p", port}, words...)
	}
	for _, row := range []struct {
		name  string
		flags []string
		words []string
		want  string
		fails bool
	}{
		{"ok by name", []string{"--wrap", "localhost:" + port, "--trust", p.ca.Path}, cli("localhost", "get", "key"), "over TLS", false},
		{"ok by name, used by address", []string{"--wrap", "localhost:" + port, "--trust", p.ca.Path}, cli("127.0.0.1", "get", "key"), "over TLS", false},
		{"ok by address", []string{"--wrap", "127.0.0.1:" + port, "--trust", p.ca.Path}, cli("localhost", "get", "key"), "over TLS", false},
		{"ok one of several", []string{"--wrap=localhost:1,localhost:" + port, "--trust", p.ca.Path}, cli("localhost", "get", "key"), "over TLS", false},
		{"bad not trusted", []string{"--wrap", "localhost:" + port}, cli("localhost", "get", "key"), "Key was rejected by service", true},
		{"bad not wrapped", nil, cli("localhost", "get", "key"), "Connection reset by peer", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			out, status := testutil.Run(t, wrapRun(t, row.flags, row.words...), "")
			if status != 0 != row.fails || !strings.Contains(out, row.want) {
				t.Errorf("it ended with %d:\n%s", status, out)
			}
		})
	}
}

// TestWrapListener serves HTTPS by a program that knows HTTP, to curl, and to programs in several languages that know
// HTTP as well and are wrapped themselves.
func TestWrapListener(t *testing.T) {
	p := newPKI(t)
	port := strconv.Itoa(int(testutil.FreePort(t)))
	page := t.TempDir()
	if err := os.WriteFile(filepath.Join(page, "index.html"), []byte("the page\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := testutil.Start(t, wrapRun(t, []string{"--wrap-listen", port, "--cert", p.server.Chain, "--key", p.server.Key},
		testutil.Python(t), "-u", "-m", "http.server", "--bind", "127.0.0.1", "-d", page, port))
	server.WaitOutput(`Serving HTTP`)
	if out, status := testutil.Curl(t, p.ca, "localhost:"+port); status != 0 || !strings.Contains(out, "the page") || !strings.Contains(out, "TLSv1.3") {
		t.Errorf("curl ended with %d:\n%s", status, out)
	}
	if out, status := testutil.Run(t, exec.Command("curl", "-sS", "--max-time", "30", "http://localhost:"+port), ""); status == 0 {
		t.Errorf("curl without TLS got:\n%s", out)
	}
	url := "http://localhost:" + port + "/"
	for _, row := range []struct{ name, program string }{
		{"curl", "curl -sS --max-time 30 " + url},
		{"python", testutil.Python(t) + " -B programs/wrap/get.py " + url},
		{"php", "php programs/wrap/get.php " + url},
		{"node", "node programs/wrap/get.js " + url},
		{"java", "java -XX:TieredStopAtLevel=1 programs/wrap/Get.java localhost " + port},
		{"go", must(t, buildGoProgram()) + " get localhost:" + port},
	} {
		words := strings.Fields(row.program)
		for _, trusted := range []bool{true, false} {
			flags := []string{"--wrap", "localhost:" + port}
			if trusted {
				flags = append(flags, "--trust", p.ca.Path)
			}
			t.Run(fmt.Sprintf("ok %s, trusted %v", row.name, trusted), func(t *testing.T) {
				t.Parallel()
				testutil.Require(t, testutil.Program(words[0]))
				out, status := testutil.Run(t, wrapRun(t, flags, words...), "")
				if got := status == 0 && strings.Contains(out, "the page"); got != trusted {
					t.Errorf("it ended with %d:\n%s", status, out)
				}
			})
		}
	}
}

// TestWrapOtherListeners serves HTTPS by programs that make their listeners in other ways: one would have Multipath TCP,
// one forks workers.
func TestWrapOtherListeners(t *testing.T) {
	p := newPKI(t)
	for _, row := range []struct {
		name  string
		words func(port string) []string
	}{
		{"ok go", func(port string) []string { return []string{must(t, buildGoProgram()), "page", "127.0.0.1:" + port} }},
		{"ok nginx", func(port string) []string {
			testutil.Require(t, testutil.Program("nginx"))
			dir := t.TempDir()
			conf := fmt.Sprintf("daemon off; worker_processes 2; user root; pid %[1]s/pid; error_log stderr notice; events {}\n"+
				"http { access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s;"+
				" scgi_temp_path %[1]s; server { listen 127.0.0.1:%[2]s; return 200 'the page'; } }\n", dir, port)
			if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
				t.Fatal(err)
			}
			return []string{"nginx", "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf")}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			port := strconv.Itoa(int(testutil.FreePort(t)))
			server := testutil.Start(t, wrapRun(t, []string{"--wrap-listen", port, "--cert", p.server.Chain, "--key", p.server.Key}, row.words(port)...))
			server.WaitOutput(`Serving HTTP|start worker process \d+`)
			for range 3 {
				if out, status := testutil.Curl(t, p.ca, "localhost:"+port); status != 0 || !strings.Contains(out, "the page") {
					t.Errorf("curl ended with %d:\n%s", status, out)
				}
			}
		})
	}
}

// TestWrapClosesOtherWays tries what would connect without connect(2), and checks that it fails before a byte is sent.
func TestWrapClosesOtherWays(t *testing.T) {
	p := newPKI(t)
	port := redisTLS(t, p)
	out, status := testutil.Run(t, wrapRun(t, []string{"--wrap", "localhost:" + port, "--trust", p.ca.Path},
		testutil.Python(t), "-B", "programs/wrap/ways.py", port), "")
	if status != 0 || !strings.Contains(out, "ok every way") {
		t.Errorf("it ended with %d:\n%s", status, out)
	}
}

// effectOfWrap lets curl fetch a page from a server that speaks TLS alone, by profiles of which one only complains.
func effectOfWrap(t *testing.T, p pki) {
	testutil.Require(t, testutil.Program("curl"))
	s := testutil.OpenSSLServer(t, p.server, "-www")
	const profile = "[profile.curl]\nmatch = { exe = \"/**/curl\" }\nmode = %q\nwrap = [\"localhost:%d\"]\ntrust_store = %q\n"
	for _, row := range []struct {
		name, mode, trust string
		works             bool
	}{
		{"ok", "enforce", p.ca.Path, true},
		{"bad not trusted", "enforce", "/etc/ssl/certs/ca-certificates.crt", false},
		{"bad not in force", "complain", p.ca.Path, false},
	} {
		m := police(t, map[string]string{policyFile: fmt.Sprintf(profile, row.mode, s.Addr.Port(), row.trust)})
		url := fmt.Sprintf("http://localhost:%d/", s.Addr.Port())
		out, status := testutil.Run(t, m.run(t, "curl", "-sS", "--max-time", "30", url), "")
		if got := status == 0 && strings.Contains(out, "Protocol  : TLSv1.3"); got != row.works {
			t.Errorf("%s: it ended with %d:\n%s", row.name, status, out)
		}
		out, status = testutil.Run(t, m.run(t, testutil.Python(t), "-B", "programs/wrap/get.py", url), "")
		if status == 0 && strings.Contains(out, "TLSv1.3") {
			t.Errorf("%s: a program that the profile is not for was wrapped:\n%s", row.name, out)
		}
	}
}

func effectOfWrapListen(t *testing.T, p pki) {
	for _, row := range []struct {
		name string
		run  func(t *testing.T, policy string, words ...string) *exec.Cmd
	}{
		{"embedded", func(t *testing.T, policy string, words ...string) *exec.Cmd {
			return police(t, map[string]string{policyFile: policy}).run(t, words...)
		}},
		{"ssad", func(t *testing.T, policy string, words ...string) *exec.Cmd {
			return newMachineWith(t, policy).run(words...)
		}},
	} {
		port := fmt.Sprint(testutil.FreePort(t))
		policy := fmt.Sprintf("[profile.web]\nmatch = { user = 0 }\nwrap_listen = [%s]\n[[profile.web.certificate]]\nchain = %q\nkey = %q\n",
			port, p.server.Chain, p.server.Key)
		server := testutil.Start(t, row.run(t, policy, testutil.Python(t), "-u", "-m", "http.server", "--bind", "127.0.0.1", "-d", t.TempDir(), port))
		server.WaitOutput(`Serving HTTP`)
		if out, status := testutil.Curl(t, p.ca, "localhost:"+port); status != 0 {
			t.Errorf("%s: curl ended with %d:\n%s", row.name, status, out)
		}
	}
}

// TestWrapFollowsNames lets a name move from address to address: what it has had and has now is wrapped at once.
func TestWrapFollowsNames(t *testing.T) {
	testutil.Require(t, testutil.SeccompNotify())
	port := strconv.Itoa(int(testutil.FreePort(t)))
	m := police(t, map[string]string{"hosts": "127.0.0.9 moving.test\n"})
	cmd := m.command(ssaPath(t), "run", "--wrap", "moving.test:"+port, "--", testutil.Python(t), "-B", "programs/wrap/moving.py", port)
	if out, status := testutil.Run(t, cmd, ""); status != 0 || out != "ok\n" {
		t.Errorf("it ended with %d:\n%s", status, out)
	}
}
