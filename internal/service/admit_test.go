package service_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func check(t *testing.T, err error, kind abi.Kind, text string) {
	t.Helper()
	var f *abi.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v is no *abi.Failure", err)
	}
	if f.Kind != kind || !strings.Contains(err.Error(), text) {
		t.Errorf("error (-want +got):\n-kind %d: ...%s...\n+kind %d: %v", kind, text, f.Kind, err)
	}
}

func TestAdmit(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	other := ca.Issue(t, testutil.Leaf{Names: []string{"b.example"}})
	s := newService(t, service.Config{})
	e, err := s.Admit(within(t), app("x"), abi.Request{
		Credentials:  []abi.Credential{{Chain: append([]byte("text before\n"), leaf.ChainPEM...)}, credential(other)},
		TrustAnchors: pem(t, ca.Path), VersionMax: abi.VersionTLS12,
	})
	if err != nil {
		t.Fatalf("Admit: %v", err)
	}
	if string(e.Chain) != string(leaf.ChainPEM) || e.VersionMin != abi.VersionTLS12 || e.VersionMax != abi.VersionTLS12 ||
		len(e.Ciphers) != 6 || e.SessionTTL != 3600 || !e.SessionReuse {
		t.Errorf("effective: %+v", e)
	}
	for _, tt := range []struct {
		name    string
		request abi.Request
		kind    abi.Kind
		text    string
	}{
		{"bad version", abi.Request{VersionMin: abi.VersionTLS10}, abi.Weaker, "TLS_VERSION_MIN"},
		{"bad suites", abi.Request{TrustedCiphers: []string{"TLS_AES_128_GCM_SHA256"}}, abi.Unsupported, "cannot choose"},
		{"bad key", abi.Request{Credentials: []abi.Credential{{Chain: leaf.ChainPEM, Key: other.KeyPEM}}}, abi.Rejected, "does not belong"},
		{"bad chain", abi.Request{Credentials: []abi.Credential{{Chain: []byte("x")}}}, abi.Invalid, "not PEM"},
		{"bad anchors", abi.Request{TrustAnchors: leaf.KeyPEM}, abi.Invalid, "no certificate in the PEM given as TLS_TRUSTED_PEER_CERTIFICATES"},
		{"bad anchors empty", abi.Request{TrustAnchors: []byte{}}, abi.Invalid, "the value is empty"},
		{"bad credentials too many", abi.Request{Credentials: make([]abi.Credential, abi.CredentialsMax+1)}, abi.Exhausted, "more than 64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Admit(within(t), app("x"), tt.request)
			check(t, err, tt.kind, tt.text)
		})
	}
}

// TestRefusedBeforeTheFirstByte checks that what may not be never reaches the network, and that the socket is closed.
func TestRefusedBeforeTheFirstByte(t *testing.T) {
	leaf := testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	keyless := abi.Request{Credentials: []abi.Credential{{Chain: leaf.ChainPEM}}}
	weaker := abi.Request{VersionMin: abi.VersionTLS10}
	s := newService(t, service.Config{})
	l := testutil.Listen(t)
	for _, tt := range []struct {
		name    string
		listen  bool
		request abi.Request
		kind    abi.Kind
		text    string
	}{
		{"bad client's key missing", false, keyless, abi.Invalid, "was set for CN=a.example,O=Secure Socket API tests, but not TLS_PRIVATE_KEY after it"},
		{"bad client's version", false, weaker, abi.Weaker, "TLS_VERSION_MIN"},
		{"bad server's key missing", true, keyless, abi.Invalid, "but not TLS_PRIVATE_KEY"},
		{"bad server's version", true, weaker, abi.Weaker, "TLS_VERSION_MIN"},
		{"bad server without certificate", true, abi.Request{}, abi.Invalid, "a listener needs a certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			var f *os.File
			if tt.listen {
				f, _ = listening(t)
				_, err = s.Listen(within(t), socket.Listen{App: app("x"), Request: tt.request, Network: f, Backlog: 1})
			} else {
				f = network(t, testutil.AddrPort(l))
				_, err = s.Connect(within(t), socket.Dial{App: app("x"), Request: tt.request, Network: f, Remote: testutil.AddrPort(l)})
			}
			check(t, err, tt.kind, tt.text)
			if err := f.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("socket still open: %v", err)
			}
		})
	}
}

func TestPolicyOfTheService(t *testing.T) {
	strict := policy.Default()
	strict.VersionMin, strict.Source = abi.VersionTLS13, "the test's policy"
	s := newService(t, service.Config{Policy: uniform(strict)})
	_, err := s.Admit(within(t), app("x"), abi.Request{VersionMin: abi.VersionTLS12})
	check(t, err, abi.Weaker, "the test's policy")
	if e, err := s.Admit(within(t), app("x"), abi.Request{}); err != nil || e.VersionMin != abi.VersionTLS13 || len(e.Ciphers) != 3 {
		t.Errorf("effective: %+v, %v", e, err)
	}
}

func BenchmarkAdmit(b *testing.B) {
	ca := testutil.NewCA(b, "root")
	anchors, err := os.ReadFile(ca.Path)
	if err != nil {
		b.Fatal(err)
	}
	s := service.New(service.Config{})
	r := abi.Request{RemoteHostname: "a.example", ALPN: []string{"h2"}, TrustAnchors: anchors}
	for b.Loop() {
		if _, err := s.Admit(b.Context(), socket.App{}, r); err != nil {
			b.Fatal(err)
		}
	}
}
