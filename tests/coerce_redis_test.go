package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// redisServer starts one that speaks TLS only.
func (c *coercing) redisServer(past bool, cert testutil.Certificate, words ...string) (port string) {
	c.t.Helper()
	port = fmt.Sprint(testutil.FreePort(c.t))
	words = append([]string{"redis-server", "--port", "0", "--tls-port", port, "--bind", "127.0.0.1", "--save", "", "--dir", c.t.TempDir(),
		"--tls-cert-file", cert.Chain, "--tls-key-file", cert.Key, "--tls-ca-cert-file", c.p.ca.Path, "--tls-auth-clients", "no"}, words...)
	testutil.Start(c.t, c.command(past, words...)).WaitOutput("Ready to accept connections")
	return port
}

// redisClient runs one to its end.
func (c *coercing) redisClient(past bool, port string, words ...string) (output string, status int) {
	c.t.Helper()
	words = append([]string{"redis-cli", "-h", "localhost", "-p", port, "--tls", "--cacert", c.p.ca.Path}, words...)
	return testutil.Run(c.t, c.command(past, words...), "")
}

func (c *coercing) redisSays(past bool, want, port string, words ...string) {
	c.t.Helper()
	if out, status := c.redisClient(past, port, words...); status != 0 || out != want+"\n" {
		c.t.Errorf("%.60q: status %d, output:\n%.300s", words, status, out)
	}
}

// redisText is longer than what is read or written at once.
func redisText() string { return strings.Repeat("abc", 100_000) }

func TestCoerceRedisClient(t *testing.T) {
	c := coerceByFlag(t)
	port := c.redisServer(true, c.p.server)
	c.redisSays(false, "OK", port, "eval", "redis.call('set', 'k', string.rep('abc', 100000)) return 'OK'", "0")
	c.redisSays(false, redisText(), port, "get", "k")
	c.governed(api.Client, "redis-cli")
	port = c.redisServer(true, c.stranger())
	for _, words := range [][]string{{"ping"}, {"--insecure", "ping"}} {
		if out, status := c.redisClient(false, port, words...); status == 0 || strings.Contains(out, "PONG") {
			t.Errorf("bad name, %v: status %d, output:\n%s", words, status, out)
		}
	}
	c.refused("redis-cli", `not for "localhost"`)
	c.redisSays(true, "PONG", port, "--insecure", "ping")
}

func TestCoerceRedisServer(t *testing.T) {
	c := coerceByFlag(t)
	port := c.redisServer(false, c.p.server)
	c.redisSays(true, "OK", port, "set", "k", redisText()[:100_000])
	c.redisSays(true, redisText()[:100_000], port, "get", "k")
	sClient := []string{"openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", c.p.ca.Path, "-connect", "localhost:" + port}
	if out, status := testutil.Run(t, c.command(true, append(sClient, "-tls1_2")...), "PING\r\nQUIT\r\n"); status != 0 || !strings.Contains(out, "+PONG\r\n+OK\r\n") {
		t.Errorf("s_client: status %d, output:\n%s", status, out)
	}
	if out, status := testutil.Run(t, c.command(true, append(sClient, "-tls1_3")...), "PING\r\nQUIT\r\n"); status == 0 || strings.Contains(out, "PONG") {
		t.Errorf("a version that the policy forbids: status %d, output:\n%s", status, out)
	}
	out, status := testutil.Run(t, c.command(true, "redis-benchmark", "-h", "localhost", "-p", port, "--tls", "--cacert", c.p.ca.Path,
		"-t", "set,get", "-c", "30", "-n", "3000", "-d", "4000", "-P", "4", "-q"), "")
	if status != 0 || strings.Count(out, "requests per second") != 2 {
		t.Errorf("many clients: status %d, output:\n%s", status, out)
	}
	c.governed(api.Server, "redis")
}

// TestCoerceRedisClientCertificates has a coerced server demand them, and one that would speak the forbidden version only.
func TestCoerceRedisClientCertificates(t *testing.T) {
	c := coerceByFlag(t)
	port := c.redisServer(false, c.p.server, "--tls-auth-clients", "yes")
	c.redisSays(true, "PONG", port, "--cert", c.p.client.Chain, "--key", c.p.client.Key, "ping")
	if out, status := c.redisClient(true, port, "ping"); status == 0 || strings.Contains(out, "PONG") {
		t.Errorf("no certificate: status %d, output:\n%s", status, out)
	}
	port = c.redisServer(false, c.p.server, "--tls-protocols", "TLSv1.3")
	if out, status := c.redisClient(true, port, "ping"); status == 0 || strings.Contains(out, "PONG") {
		t.Errorf("a version that the policy forbids: status %d, output:\n%s", status, out)
	}
}

// TestCoerceRedisReplica has a server be a client too. By itself it does not look at the name of its master.
func TestCoerceRedisReplica(t *testing.T) {
	c := coerceByFlag(t)
	replica := func(past bool, cert testutil.Certificate) string {
		master := c.redisServer(true, cert, "--repl-diskless-sync-delay", "0")
		c.redisSays(true, "OK", master, "--insecure", "set", "k", "v")
		return c.redisServer(past, c.p.server, "--tls-replication", "yes", "--replicaof", "localhost "+master)
	}
	has := func(port string) func() bool {
		return func() bool {
			out, _ := c.redisClient(true, port, "get", "k")
			return out == "v\n"
		}
	}
	if !eventually(has(replica(false, c.p.server))) {
		t.Error("a good master: nothing was replicated")
	}
	c.governed(api.Client, "redis")
	port := replica(false, c.stranger())
	c.refused("redis", `not for "localhost"`)
	if has(port)() {
		t.Error("bad name: replicated all the same")
	}
	if !eventually(has(replica(true, c.stranger()))) {
		t.Error("without ssa run it does not even work")
	}
}
