package keys_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestParseStaple(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	authority := ca.Intermediate(t, testutil.Leaf{CommonName: "authority", CA: true})
	leaf := authority.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	other := authority.Issue(t, testutil.Leaf{Names: []string{"b.example"}})
	end := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	chain := []*x509.Certificate{leaf.X509, authority.Cert}
	good := authority.Respond(t, leaf, ocsp.Response{NextUpdate: end})
	for _, tt := range []struct {
		name     string
		response []byte
		chain    []*x509.Certificate
		want     string
	}{
		{"ok", good, chain, ""},
		{"ok issuer not in the chain", good, chain[:1], ""},
		{"bad form", []byte("-----BEGIN OCSP RESPONSE-----"), chain, "decode the OCSP response"},
		{"bad end", good[:len(good)-1], chain, "decode the OCSP response"},
		{"bad empty", nil, chain, "decode the OCSP response"},
		{"bad signature", ca.Respond(t, leaf, ocsp.Response{}), chain, "decode the OCSP response"},
		{"bad revoked", authority.Respond(t, leaf, ocsp.Response{Status: ocsp.Revoked, RevokedAt: time.Now()}), chain, "is revoked"},
		{"bad unknown", authority.Respond(t, leaf, ocsp.Response{Status: ocsp.Unknown}), chain, "unknown to its issuer"},
		{"bad other certificate", authority.Respond(t, other, ocsp.Response{}), chain, "OCSP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := keys.ParseStaple(tt.response, tt.chain)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil || !s.End.Equal(end) || len(s.Response) == 0 {
				t.Errorf("got %v and %v, want %v", s.End, err, end)
			}
		})
	}
}

// FuzzParseStaple checks that nothing is taken for a response but what the issuer has signed.
func FuzzParseStaple(f *testing.F) {
	ca := testutil.NewCA(f, "root")
	leaf := ca.Issue(f, testutil.Leaf{Names: []string{"a.example"}})
	good := ca.Respond(f, leaf, ocsp.Response{})
	f.Add(good)
	f.Add([]byte{0x30, 0x03, 0x0a, 0x01, 0x06})
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := keys.ParseStaple(text, []*x509.Certificate{leaf.X509, ca.Cert})
		if err == nil && s.End.Before(time.Now().Add(time.Minute)) {
			t.Errorf("%x is taken for a response that is good until %v", text, s.End)
		}
	})
}
