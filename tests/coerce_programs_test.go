package tests

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

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
