package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// plainDir is a directory that other users can enter.
func plainDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssa-coerce")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startPostgres starts a PostgreSQL of its own user, past the policy.
func startPostgres(c *coercing, cert testutil.Certificate) (port string) {
	c.t.Helper()
	const bin = "/usr/lib/postgresql/15/bin/"
	testutil.Require(c.t, testutil.File(bin+"postgres"))
	dir := plainDir(c.t)
	port = fmt.Sprint(testutil.FreePort(c.t))
	script := `set -e; cd "$1"; install -m 644 "$2" chain; install -m 600 "$3" key; chown -R postgres .
setpriv --reuid=postgres --regid=postgres --clear-groups ` + bin + `initdb -D "$1/data" -A trust -N >/dev/null
exec setpriv --reuid=postgres --regid=postgres --clear-groups ` + bin + `postgres -D "$1/data" -p "$4" -c fsync=off \
  -c listen_addresses=127.0.0.1 -c unix_socket_directories="$1" -c ssl=on -c ssl_cert_file="$1/chain" -c ssl_key_file="$1/key"`
	p := testutil.Start(c.t, exec.Command("sh", "-c", script, "sh", dir, cert.Chain, cert.Key, port))
	p.WaitOutput("ready to accept connections")
	return port
}

// TestCoercePsql negotiates TLS in PostgreSQL's own way, over a BIO of libpq's own.
func TestCoercePsql(t *testing.T) {
	c := coerce(t, oneVersion+"coerce = true\n")
	const ask = "select version, repeat('x', 100000) from pg_stat_ssl where pid = pg_backend_pid()"
	psql := func(past bool, port, how string) (string, int) {
		info := fmt.Sprintf("host=localhost port=%s user=postgres dbname=postgres sslrootcert=%s %s", port, c.p.ca.Path, how)
		return testutil.Run(t, c.command(past, "/usr/lib/postgresql/15/bin/psql", info, "-Atc", ask), "")
	}
	port := startPostgres(c, c.p.server)
	out, status := psql(false, port, "sslmode=verify-full")
	if want := "TLSv1.2|" + strings.Repeat("x", 100000) + "\n"; status != 0 || out != want {
		t.Errorf("status %d, output:\n%.300s", status, out)
	}
	c.governed(api.Client, "psql")
	port = startPostgres(c, c.p.ca.Issue(t, testutil.Leaf{Names: []string{"other.test"}}))
	for _, how := range []string{"sslmode=verify-full", "sslmode=require sslrootcert=''"} {
		if out, status := psql(false, port, how); status == 0 {
			t.Errorf("bad name, %s: output:\n%.300s", how, out)
		}
	}
	if out, status := psql(true, port, "sslmode=require sslrootcert=''"); status != 0 || !strings.HasPrefix(out, "TLSv1.3|") {
		t.Errorf("without ssa run it does not even work: status %d, output:\n%.300s", status, out)
	}
}

// TestCoerceIrssi says something on a channel.
func TestCoerceIrssi(t *testing.T) {
	testutil.Require(t, testutil.Program("ngircd"), testutil.Program("script"))
	c := coerce(t, oneVersion+"coerce = true\n")
	irc := func(cert testutil.Certificate) (*testutil.Process, string) {
		dir, port := plainDir(t), fmt.Sprint(testutil.FreePort(t))
		key := c.file(dir, "key", "%s", mustRead(t, cert.Key))
		conf := c.file(dir, "ngircd.conf", "[Global]\nName = irc.test\nInfo = test\nListen = 127.0.0.1\nPorts =\n"+
			"[Options]\nPAM = no\nDNS = no\nIdent = no\n[SSL]\nCertFile = %s\nKeyFile = %s\nPorts = %s\n", cert.Chain, key, port)
		p := testutil.Start(t, exec.Command("ngircd", "-n", "-f", conf))
		p.WaitOutput("Now listening on")
		return p, port
	}
	irssi := func(past bool, port, verify string) (home string, p *testutil.Process) {
		home = t.TempDir()
		c.file(home, "config", `servers = ( { address = "localhost"; chatnet = "t"; port = "%s"; use_tls = "yes"; tls_verify = "%s"; tls_cafile = "%s"; autoconnect = "yes"; } );
chatnets = { t = { type = "IRC"; autosendcmd = "/join #x; /wait 100; /msg #x hello there; /wait 100; /quit"; }; };
settings = { core = { real_name = "x"; user_name = "x"; nick = "tester"; }; "fe-common/core" = { autolog = "yes"; autolog_path = "%s/$tag-$0.log"; }; };
`, port, verify, c.p.ca.Path, home)
		cmd := c.command(past, "script", "-qefc", "irssi --home="+home, "/dev/null")
		cmd.Env = append(os.Environ(), "TERM=xterm")
		return home, testutil.Start(t, cmd)
	}
	server, port := irc(c.p.server)
	home, p := irssi(false, port, "yes")
	server.WaitOutput(`User "tester!.*registered`)
	if p.Wait() != 0 {
		t.Errorf("irssi:\n%s", p.Output())
	}
	if log := mustRead(t, filepath.Join(home, "t-#x.log")); !strings.Contains(log, "hello there") {
		t.Errorf("log:\n%s", log)
	}
	c.governed(api.Client, "irssi")
	stranger := c.p.ca.Issue(t, testutil.Leaf{Names: []string{"other.test"}})
	for _, verify := range []string{"yes", "no"} {
		server, port := irc(stranger)
		_, p := irssi(false, port, verify)
		p.WaitOutput(`certificate verify failed|TLS handshake failed|SSL handshake failed`)
		if strings.Contains(server.Output(), `User "tester!`) {
			t.Errorf("bad name, tls_verify = %s: irssi got through", verify)
		}
	}
	c.refused("irssi", `not for "localhost"`)
}
