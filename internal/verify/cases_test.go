package verify_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil/ca"
	"github.com/securesocketapi/ssa/internal/verify"
)

// reasons are what the texts for the bad cases say.
func reasons() map[string]string {
	return map[string]string{
		"bad other name":                                   `is for DNS:www.b.example, not for "www.a.example"`,
		"bad name above":                                   "is for DNS:a.example, not for",
		"bad name below":                                   "is for DNS:x.www.a.example, not for",
		"bad name that ends alike":                         "is for DNS:ww.a.example, DNS:evilwww.a.example, not for",
		"bad name in the subject only":                     "names no host (only its subject does",
		"bad name in the subject beside another":           "is for DNS:www.b.example, not for",
		"bad no names":                                     "names no host",
		"bad empty name":                                   "is for DNS:, not for",
		"bad wildcard for two labels":                      "is for DNS:*.example, not for",
		"bad wildcard for no label":                        "is for DNS:*.www.a.example, not for",
		"bad wildcard at the top":                          `is for DNS:*.example, not for "a.example"`,
		"bad wildcard alone":                               `is for DNS:*, not for "localhost"`,
		"bad wildcard of wildcards":                        "is for DNS:*.*.example, not for",
		"bad wildcard within a label":                      "is for DNS:w*.a.example, not for",
		"bad wildcard at the end of a label":               "is for DNS:*w.a.example, not for",
		"bad wildcard within a name of IDNA":               "is for DNS:xn--b*-kva.a.example, not for",
		"bad wildcard not at the left":                     "is for DNS:www.*.example, not for",
		"bad wildcard for an address":                      `is for DNS:*.0.2.1, not for "192.0.2.1"`,
		"bad name of IDNA asked for in characters":         "is for DNS:xn--bcher-kva.example, not for",
		"bad NUL in the name":                              `is for DNS:www.a.example\x00.b.example, not for "www.a.example"`,
		"bad NUL in the subject":                           "is for DNS:www.b.example, not for",
		"bad space in the name":                            "is for DNS:www.a.example , not for",
		"bad dot before the name":                          "is for DNS:.www.a.example, not for",
		"bad name as mail":                                 "names no host",
		"bad other address":                                `is for IP:192.0.2.2, not for "192.0.2.1"`,
		"bad address as a name":                            `is for DNS:192.0.2.1, not for "192.0.2.1"`,
		"bad address in the subject":                       "names no host",
		"bad expired":                                      "the server's certificate expired on",
		"bad not valid yet":                                "the server's certificate is not valid before",
		"bad authority expired":                            "an authority above the server's expired on",
		"bad authority not valid yet":                      "an authority above the server's is not valid before",
		"bad expired and of another name":                  "not for",
		"bad name not permitted":                           "may not vouch for the names of the certificate",
		"bad one of two names not permitted":               "may not vouch for the names of the certificate",
		"bad name excluded":                                "may not vouch for the names of the certificate",
		"bad wildcard excluded":                            "may not vouch for the names of the certificate",
		"bad address not permitted":                        "may not vouch for the names of the certificate",
		"bad address excluded":                             "may not vouch for the names of the certificate",
		"bad path longer than allowed":                     "longer than one of its CAs allows",
		"bad use":                                          "may not be used for a TLS server",
		"bad use for time stamps and mail":                 "may not be used for a TLS server",
		"bad unknown critical extension":                   "unhandled critical extension",
		"bad authority without basic constraints":          "without being a CA",
		"bad authority that is none":                       "without being a CA",
		"bad authority that may not sign":                  "without being a CA",
		"bad authority for another use":                    "extended key usage",
		"bad authority with an unknown critical extension": "unhandled critical extension",
		"bad RSA key of 1024 bits":                         "the server's certificate has an RSA key of 1024 bits",
		"bad authority with an RSA key of 1024 bits":       "an authority above the server's has an RSA key of 1024 bits",
		"bad signature with SHA-1":                         "is signed with SHA1-RSA, which is not secure",
		"bad signature with MD5":                           "is signed with MD5-RSA, which is not secure",
		"bad signature damaged":                            "another CA of the same name, or a damaged certificate",
		"bad leaf not first":                               "names no host",
		"bad loop":                                         "is not trusted",
		"bad authority missing":                            `the issuer "CN=a" is neither in the chain`,
		"bad authority unknown":                            `ends in the CA "CN=stranger", which is not in`,
		"bad self-signed":                                  "is self-signed and not in",
		"bad maze":                                         "signature check attempts limit reached",
		"bad thousand links":                               "sent 1001 certificates; at most 64 are looked at",
		"bad megabyte":                                     "bytes; at most 262144 are looked at",
	}
}

// TestCases judges every chain there is a rule for.
func TestCases(t *testing.T) {
	root, cases := ca.Cases(t)
	store := verify.NewStore("the test's anchors", ca.Plain(root))
	why := reasons()
	for _, c := range cases {
		t.Run(c.Title, func(t *testing.T) {
			if !c.Chain[0].Readable() {
				unreadable(t, c)
				return
			}
			v := verify.Verifier{Store: store, Name: c.Host, RSABits: 2048, Now: time.Now}
			err := v.Verify(ca.Plain(c.Chain...))
			if strings.HasPrefix(c.Title, "ok ") {
				if err != nil {
					t.Errorf("Verify: %v", err)
				}
				return
			}
			refused(t, err, c, why[c.Title])
		})
	}
}

func refused(t *testing.T, err error, c ca.Case, text string) {
	t.Helper()
	kind := abi.Rejected
	if c.Expired {
		kind = abi.Expired
	}
	var f *abi.Failure
	if !errors.As(err, &f) || f.Kind != kind || text == "" || !strings.Contains(err.Error(), text) {
		t.Errorf("error (-want +got):\n-%v: ...%s...\n+%.400v", kind, text, err)
	}
}

// unreadable checks that a certificate too odd for the standard judge never reaches it: the parser refuses it.
func unreadable(t *testing.T, c ca.Case) {
	t.Helper()
	if _, err := x509.ParseCertificate(c.Chain[0].Raw); err == nil {
		t.Error("parsed")
	}
}
