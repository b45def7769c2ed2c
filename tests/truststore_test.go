package tests

import (
	"os/exec"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// SSL_CERT_FILE names the trust store of a service that is embedded, where the administrator has not decided.
func TestTrustStoreOfTheEnvironment(t *testing.T) {
	p := newPKI(t)
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	t.Setenv("SSL_CERT_FILE", p.ca.Path) // also for ssad
	program := []string{testutil.Python(t), "-B", "programs/python/sockdrv.py"}
	bare := police(t, nil)
	policed := police(t, map[string]string{policyFile: "rsa_bits_min = 2048\n"})
	served := newMachineWith(t, "")
	for _, tt := range []struct {
		name string
		cmd  *exec.Cmd
		good bool
	}{
		{"ok without a policy", bare.run(t, program...), true},
		{"bad with a policy", policed.run(t, program...), false},
		{"bad with ssad", served.run(program...), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := drive(t, tt.cmd)
			d.must("socket", "s")
			if tt.good {
				d.must("connect", "s", "localhost", port)
				return
			}
			d.refuse("EKEYREJECTED", "", "connect", "s", "localhost", port)
		})
	}
}
