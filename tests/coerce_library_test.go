package tests

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

var buildCoerceClient = sync.OnceValue(func() built {
	return build("coerce_client", nil, "gcc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-o", "OUT",
		"tests/programs/c/coerce_client.c", "-lssl", "-lcrypto")
})

// TestCoerceLibrary does what only some programs do.
func TestCoerceLibrary(t *testing.T) {
	testutil.Require(t, testutil.File("/usr/include/openssl/ssl.h"))
	c := coerce(t, "coerce = true\n")
	client := must(t, buildCoerceClient())
	p12 := filepath.Join(t.TempDir(), "client.p12")
	if out, err := exec.Command("openssl", "pkcs12", "-export", "-in", c.p.client.Chain, "-inkey", c.p.client.Key, "-passout", "pass:secret",
		"-out", p12).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := testutil.NginxHTTP2(t, c.p.server, bothVersions, "ssl_client_certificate "+c.p.ca.Path+";", "ssl_verify_client optional;", "ssl_verify_depth 3;")
	run := func(host string, words ...string) (string, int) {
		return c.run("", append([]string{client, host, s.Port(), c.p.ca.Path}, words...)...)
	}
	out, status := run("localhost", "accept", p12)
	for _, want := range []string{
		"reused 0 suite TLS_AES_", "reused 1 suite TLS_AES_", "verify 0 asked 2\n", "peeked 1 pending 1 same 1\n",
		"verify SUCCESS\n", "client CN=the client", "end 6 shutdown 1 3\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q", want)
		}
	}
	if status != 0 || t.Failed() {
		t.Errorf("status %d, output:\n%s", status, out)
	}
	for _, how := range []string{"refuse", "refuse-all"} {
		if out, status := run("localhost", how); status != 1 || !strings.HasPrefix(out, "refused certificate verify failed verify ") {
			t.Errorf("%s: status %d, output:\n%s", how, status, out)
		}
	}
}
