package tests

import (
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/testutil/ca"
)

// TestMustFailChains has OpenSSL send every chain there is a rule for. What each is refused with, in words, is in the
// tests of internal/verify.
func TestMustFailChains(t *testing.T) {
	root, cases := ca.Cases(t)
	store := ca.Files(t, root).Chain
	d := drive(t, ssaRun(t, testutil.Python(t), "-B", "programs/python/sockdrv.py"))
	for _, c := range cases {
		t.Run(c.Title, func(t *testing.T) {
			// A server with a certificate below OpenSSL's own standards serves it only when told to.
			s := testutil.OpenSSLServer(t, ca.Files(t, c.Chain...), "-www", "-cipher", "DEFAULT@SECLEVEL=0")
			d.must("socket", "c")
			defer d.must("close", "c")
			d.must("set", "c", abi.TLSTrustedPeerCertificates, store)
			if c.Host == "bücher.example" { // no name for the wire; its other form is another case
				d.refuse("EINVAL", "xn-- form", "set", "c", abi.TLSRemoteHostname, c.Host)
				return
			}
			d.must("set", "c", abi.TLSRemoteHostname, c.Host)
			r := d.call("connect", "c", "127.0.0.1", s.Addr.Port())
			if want := errnoOf(c); r.Errno != want {
				t.Errorf("errno (-want +got):\n-%s\n+%s (TLS_ERROR %q)", want, r.Errno, d.tlsError([]any{"connect", "c"}))
			}
		})
	}
}

// errnoOf is what connect gives; empty is success. What cannot even be read, or is too long to be, is no handshake, and
// neither is what OpenSSL does not send because nobody has offered MD5.
func errnoOf(c ca.Case) string {
	switch {
	case strings.HasPrefix(c.Title, "ok "):
		return ""
	case c.Title == "bad signature with MD5", c.Title == "bad thousand links", c.Title == "bad megabyte", !c.Chain[0].Readable():
		return "EPROTO"
	case c.Expired:
		return "EKEYEXPIRED"
	}
	return "EKEYREJECTED"
}
