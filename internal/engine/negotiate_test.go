package engine_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestChoose checks which of several certificates a server presents.
func TestChoose(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	cred := func(key testutil.KeyType, names ...string) engine.Credential {
		return credential(t, ca.Issue(t, testutil.Leaf{Names: names, Key: key}))
	}
	all := []engine.Credential{
		cred(testutil.EC, "first.example"), cred(testutil.RSA, "first.example"),
		cred(testutil.EC, "a.example"), cred(testutil.RSA, "a.example"),
		cred(testutil.EC, "*.w.example"), cred(testutil.EC, "x.w.example"),
		cred(testutil.Ed25519, "d.example"),
	}
	const none, firstRSA, a, aRSA, wild, d = 0, 1, 2, 3, 4, 6
	rsaOnly := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	tests := []struct {
		name   string
		sni    string
		names  []string
		suites []uint16
		want   int
	}{
		{"ok name", "a.example", nil, nil, a},
		{"ok name in capitals", "A.EXAMPLE", nil, nil, a},
		{"ok name for a client with RSA only", "a.example", nil, rsaOnly, aRSA},
		{"ok wildcard", "y.w.example", nil, nil, wild},
		{"ok wildcard set before the name", "x.w.example", nil, nil, wild},
		{"ok another kind of key", "d.example", nil, nil, d},
		{"ok no name", "", nil, nil, none},
		{"ok no name for a client with RSA only", "", nil, rsaOnly, firstRSA},
		{"ok unknown name", "unknown.example", nil, nil, none},
		{"ok wildcard for two labels", "x.y.w.example", nil, nil, none},
		{"ok wildcard for no label", "w.example", nil, nil, none},
		{"ok name served", "a.example", []string{"a.example"}, nil, a},
		{"ok name served by a wildcard", "a.example", []string{"*.example"}, nil, a},
		{"ok name not served", "a.example", []string{"b.example", "*.a.example"}, nil, none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := fit(t, abi.VersionTLS12, all[0])
			s.server.Credentials, s.server.Names = all, tt.names
			if tt.suites == nil {
				s.server.Settings, s.client.Settings = policy.Default(), policy.Default()
			}
			got := presented(t, s, &tls.Config{ServerName: tt.sni, InsecureSkipVerify: true, CipherSuites: tt.suites})
			if i := slices.IndexFunc(all, func(c engine.Credential) bool { return c.Chain[0].Equal(got) }); i != tt.want {
				t.Errorf("certificate (-want +got):\n-%d\n+%d", tt.want, i)
			}
		})
	}
}

// presented is the leaf a server shows to a client of crypto/tls.
func presented(t *testing.T, s sides, c *tls.Config) *x509.Certificate {
	t.Helper()
	srv, err := engine.New(engine.Config{}).Server(s.server)
	if err != nil {
		t.Fatal(err)
	}
	a, b := pair(t)
	if c.CipherSuites != nil {
		c.MaxVersion = tls.VersionTLS12
	}
	done := make(chan error, 1)
	go func() {
		session, err := srv.Handshake(within(t), engine.Accepted{Network: b})
		if err == nil {
			err = session.Close()
		}
		done <- err
	}()
	conn := tls.Client(connOf(t, a), c)
	defer func() { _ = conn.NetConn().Close() }()
	if err := conn.HandshakeContext(within(t)); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	if err := <-done; err != nil {
		t.Fatalf("server: %v", err)
	}
	return conn.ConnectionState().PeerCertificates[0]
}

func TestALPN(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	tests := []struct {
		name           string
		client, server []string
		want           string
		refused        bool
	}{
		{"ok the server's preference", []string{"a", "b"}, []string{"b", "a"}, "b", false},
		{"ok client asks for none", nil, []string{"a"}, "", false},
		{"ok server has none", []string{"a"}, nil, "", false},
		{"bad nothing in common", []string{"a"}, []string{"b"}, "", true},
		{"bad http/1.1 where h2 is", []string{"http/1.1"}, []string{"h2"}, "", true},
	}
	for version, v := range versions() {
		for _, tt := range tests {
			t.Run(version+" "+tt.name, func(t *testing.T) {
				e, s := engine.New(engine.Config{}), fit(t, v, leaf)
				s.client.ALPN, s.server.ALPN = tt.client, tt.server
				o := s.shake(t, e, e)
				if tt.refused {
					check(t, o.clientErr, abi.Protocol, "refused the handshake with the alert no_application_protocol: it supports none of the protocols offered (TLS_ALPN)")
					check(t, o.serverErr, abi.Protocol, "client requested unsupported application protocols")
					return
				}
				if o.ok(t); o.client.State().ALPN != tt.want || o.server.State().ALPN != tt.want {
					t.Errorf("protocol (-want +got):\n-%q\n+%q, %q", tt.want, o.client.State().ALPN, o.server.State().ALPN)
				}
			})
		}
	}
}

func TestClientAuth(t *testing.T) {
	ca, other := testutil.NewCA(t, "root"), testutil.NewCA(t, "other root")
	leaf := credential(t, ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	rsaUser := credential(t, ca.Issue(t, testutil.Leaf{CommonName: "rsa user", Key: testutil.RSA}))
	user := credential(t, other.Issue(t, testutil.Leaf{CommonName: "user"}))
	refusal := abi.Failf(abi.Rejected, "not you")
	cas := x509.NewCertPool()
	cas.AddCert(other.Cert)
	tests := []struct {
		name        string
		mode        int
		credentials []engine.Credential
		verdict     error
		// want is the subject the server sees; kind and text its error.
		want string
		kind abi.Kind
		text string
	}{
		{"ok none asked for", abi.PeerAuthNone, []engine.Credential{user}, refusal, "", 0, ""},
		{"ok requested and given", abi.PeerAuthRequest, []engine.Credential{user}, nil, "user", 0, ""},
		{"ok requested and not given", abi.PeerAuthRequest, nil, refusal, "", 0, ""},
		{"ok required and given", abi.PeerAuthRequire, []engine.Credential{user}, nil, "user", 0, ""},
		{"ok the one of a named authority", abi.PeerAuthRequire, []engine.Credential{rsaUser, user}, nil, "user", 0, ""},
		{"ok of no named authority", abi.PeerAuthRequire, []engine.Credential{rsaUser}, nil, "rsa user", 0, ""},
		{"bad requested and refused", abi.PeerAuthRequest, []engine.Credential{user}, refusal, "", abi.Rejected, "not you"},
		{"bad required and refused", abi.PeerAuthRequire, []engine.Credential{user}, refusal, "", abi.Rejected, "not you"},
		{"bad required and not given", abi.PeerAuthRequire, nil, nil, "", abi.Protocol, "client didn't provide a certificate"},
	}
	for version, v := range versions() {
		for _, tt := range tests {
			t.Run(version+" "+tt.name, func(t *testing.T) {
				e, s := engine.New(engine.Config{}), fit(t, v, leaf)
				s.client.Credentials, s.server.Settings.PeerAuth = tt.credentials, tt.mode
				s.judge, s.server.ClientCAs = verdict{tt.verdict}, cas
				o := s.shake(t, e, e)
				if tt.text != "" {
					check(t, o.serverErr, tt.kind, tt.text)
					refused(t, o)
					return
				}
				got := ""
				if peer := o.ok(t).server.State().Peer; len(peer) > 0 {
					got = peer[0].Subject.CommonName
				}
				if got != tt.want {
					t.Errorf("peer (-want +got):\n-%q\n+%q", tt.want, got)
				}
			})
		}
	}
}

// refused checks that the client learns that it was refused: in the handshake of TLS 1.2, with the first read after
// the one of TLS 1.3.
func refused(t *testing.T, o outcome) {
	t.Helper()
	if o.clientErr != nil {
		check(t, o.clientErr, abi.Protocol, "refused the handshake with the alert")
		return
	}
	_, err := o.client.Read(make([]byte, 1))
	if errors.Is(err, io.EOF) {
		t.Fatal("the client reads an end of stream")
	}
	check(t, err, abi.Reset, "certificate")
}

func TestServerNeedsCredential(t *testing.T) {
	_, err := engine.New(engine.Config{}).Server(engine.ServerConfig{Settings: policy.Default()})
	check(t, err, abi.Invalid, "a listener needs a certificate")
}

func TestCaps(t *testing.T) {
	s, err := engine.Caps().Fit(policy.Default())
	if err != nil {
		t.Fatalf("the built-in policy is beyond the engine: %v", err)
	}
	s.Ciphers = s.Ciphers[1:]
	_, err = engine.Caps().Fit(s)
	check(t, err, abi.Unsupported, "cannot choose among the cipher suites of TLS 1.3")
	s.Ciphers = []string{"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"}
	_, err = engine.Caps().Fit(s)
	check(t, err, abi.Unsupported, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 is not available here")
}

// TestSuites checks that only what is allowed is negotiated, under its name.
func TestSuites(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaves := map[bool]engine.Credential{
		false: credential(t, ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})),
		true:  credential(t, ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}, Key: testutil.RSA})),
	}
	for name, rsa := range map[string]bool{
		"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384":     false,
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256":       true,
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": true,
	} {
		t.Run(name, func(t *testing.T) {
			e, s := engine.New(engine.Config{}), fit(t, abi.VersionTLS12, leaves[rsa])
			s.client.Settings.Ciphers = []string{name}
			state := s.shake(t, e, e).ok(t).server.State()
			if state.Cipher != name || state.Version != abi.VersionTLS12 {
				t.Errorf("suite (-want +got):\n-%s\n+%s (%#x)", name, state.Cipher, state.Version)
			}
		})
	}
}
