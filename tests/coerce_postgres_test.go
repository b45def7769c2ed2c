package tests

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

const postgresBin = "/usr/lib/postgresql/15/bin/"

// postgres starts one of its own user. A user of the database has the password "secret", and one needs the certificate of
// the tests' client.
func (c *coercing) postgres(past bool, cert testutil.Certificate) (port string) {
	c.t.Helper()
	testutil.Require(c.t, testutil.File(postgresBin+"postgres"))
	dir := plainDir(c.t)
	port = fmt.Sprint(testutil.FreePort(c.t))
	c.file(dir, "hba", "hostssl all postgres 127.0.0.1/32 scram-sha-256\nhost all plain 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 cert\n")
	c.file(dir, "password", "secret")
	script := `set -e; cd "$1"; install -m 644 "$2" chain; install -m 644 "$5" ca; install -m 600 "$3" key; chown -R postgres .
PATH=` + postgresBin + `:$PATH; as="setpriv --reuid=postgres --regid=postgres --clear-groups"
$as initdb -D "$1/data" -A scram-sha-256 --pwfile=password -N >/dev/null
echo 'create user "the client"; create user plain' | $as postgres --single -D data postgres >/dev/null
exec $as postgres -D "$1/data" -p "$4" -c fsync=off -c hba_file="$1/hba" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories="$1" -c ssl=on -c ssl_cert_file="$1/chain" -c ssl_key_file="$1/key" -c ssl_ca_file="$1/ca"`
	p := testutil.Start(c.t, c.command(past, "sh", "-c", script, "sh", dir, cert.Chain, cert.Key, port, c.p.ca.Path))
	p.WaitOutput("ready to accept connections")
	return port
}

// psql runs one to its end. It puts much into a table and out of it, and says how it came.
func (c *coercing) psql(past bool, port, how string) (output string, status int) {
	c.t.Helper()
	script := c.file(c.t.TempDir(), "script", "create temp table t (x text);\ncopy t from stdin;\n%s\\.\n\\copy t to program 'sha256sum'\n"+
		"select ssl, version, client_dn from pg_stat_ssl where pid = pg_backend_pid();\n", postgresRows())
	info := fmt.Sprintf("host=localhost port=%s user=postgres password=secret dbname=postgres sslrootcert=%s %s", port, c.p.ca.Path, how)
	return testutil.Run(c.t, c.command(past, postgresBin+"psql", info, "-XAtqf", script), "")
}

// postgresRows are 2 MB.
func postgresRows() string {
	return strings.Repeat(strings.Repeat("0123456789", 500)+"\n", 400)
}

// psqlWorks checks what comes out of that.
func (c *coercing) psqlWorks(past bool, port, how, want string) {
	c.t.Helper()
	out, status := c.psql(past, port, how)
	if status != 0 || out != fmt.Sprintf("%x  -\n%s\n", sha256.Sum256([]byte(postgresRows())), want) {
		c.t.Errorf("%s: status %d, output:\n%s", how, status, out)
	}
}

func (c *coercing) psqlFails(past bool, port, how string) {
	c.t.Helper()
	if out, status := c.psql(past, port, how); status != 2 || !strings.Contains(out, "connection to server") {
		c.t.Errorf("%s: status %d, output:\n%s", how, status, out)
	}
}

// byCertificate is how a client is known by its certificate.
func (c *coercing) byCertificate() string {
	return fmt.Sprintf("sslmode=verify-full user='the client' sslcert=%s sslkey=%s", c.p.client.Chain, c.p.client.Key)
}

const (
	// byPassword binds the password to the server's certificate (RFC 5929, section 4).
	byPassword = "sslmode=verify-full channel_binding=require"
	clientDN   = "/O=Secure Socket API tests/CN=the client"
)

// TestCoercePsql negotiates TLS in PostgreSQL's own way, over a BIO of libpq's own.
func TestCoercePsql(t *testing.T) {
	c := coerceByFlag(t)
	port := c.postgres(true, c.p.server)
	c.psqlWorks(false, port, byPassword, "t|TLSv1.2|")
	c.psqlWorks(false, port, c.byCertificate(), "t|TLSv1.2|"+clientDN)
	c.psqlFails(false, port, "sslmode=verify-full ssl_min_protocol_version=TLSv1.3") // which the policy forbids
	c.governed(api.Client, "psql")
	port = c.postgres(true, c.stranger())
	for _, how := range []string{"sslmode=verify-full", "sslmode=verify-ca", "sslmode=require sslrootcert=''"} {
		c.psqlFails(false, port, how)
	}
	c.refused("psql", `not for "localhost"`)
	c.psqlWorks(true, port, "sslmode=require sslrootcert=''", "t|TLSv1.3|") // without ssa run it works
	// A server that has nothing to do with TLS, or a refused one, is good enough for prefer, psql's default: the other end has
	// to insist, as it does for the first of these users.
	c.psqlFails(false, port, "sslmode=prefer")
	c.psqlWorks(false, port, "sslmode=prefer user=plain", "f||")
}

// TestCoercePostgres has the processes that serve its clients do the handshakes.
func TestCoercePostgres(t *testing.T) {
	c := coerceByFlag(t)
	port := c.postgres(false, c.p.server)
	c.psqlWorks(true, port, byPassword, "t|TLSv1.2|")
	c.psqlWorks(true, port, c.byCertificate(), "t|TLSv1.2|"+clientDN)
	c.psqlFails(true, port, "sslmode=verify-full user='the client'")                // without its certificate
	c.psqlFails(true, port, "sslmode=verify-full ssl_min_protocol_version=TLSv1.3") // which the policy forbids
	c.governed(api.Server, "postgres")
}
