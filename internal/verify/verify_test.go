package verify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// noon is when the certificates of these tests are verified.
func noon() time.Time { return time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC) }

// cert is a certificate with its key.
type cert struct {
	*x509.Certificate
	key crypto.Signer
}

// issue makes a certificate valid around noon, changed by edit; by itself when the issuer is nil.
func issue(t testing.TB, by *cert, edit func(*x509.Certificate)) *cert {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issueKey(t, by, key, edit)
}

func issueKey(t testing.TB, by *cert, key crypto.Signer, edit func(*x509.Certificate)) *cert {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: noon().Add(-24 * time.Hour), NotAfter: noon().Add(24 * time.Hour),
	}
	edit(tmpl)
	if by == nil {
		by = &cert{tmpl, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, by.Certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &cert{c, key}
}

func authority(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.BasicConstraintsValid, c.KeyUsage = name, true, true, x509.KeyUsageCertSign
	}
}

func host(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		if len(names) > 0 {
			c.Subject.CommonName = names[0]
		}
		c.DNSNames = names
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

// both makes one edit of two.
func both(a, b func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) { a(c); b(c) }
}

func expired(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = noon().Add(-48*time.Hour), noon().Add(-24*time.Hour)
}

func early(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = noon().Add(24*time.Hour), noon().Add(48*time.Hour)
}

func ips(addrs ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, a := range addrs {
			c.IPAddresses = append(c.IPAddresses, net.ParseIP(a))
		}
	}
}

func store(anchors ...*cert) *verify.Store {
	return verify.NewStore("the test's anchors", plain(anchors))
}

func plain(chain []*cert) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range chain {
		out = append(out, c.Certificate)
	}
	return out
}

// row is one chain to verify.
type row struct {
	title string
	name  string
	store *verify.Store
	chain []*cert
	role  verify.Role
	kind  abi.Kind
	// text is part of the error, empty for a chain that is good.
	text string
}

func (r row) run(t *testing.T) {
	v := verify.Verifier{Store: r.store, Role: r.role, Name: r.name, RSABits: 2048, Now: noon}
	err := v.Verify(plain(r.chain))
	if r.text == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var f *abi.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error (-want +got):\n-...%s...\n+%v", r.text, err)
	}
	if f.Kind != r.kind || !strings.Contains(err.Error(), r.text) {
		t.Errorf("error (-want +got):\n-kind %d: ...%s...\n+kind %d: %v", r.kind, r.text, f.Kind, err)
	}
}

func TestVerify(t *testing.T) {
	root := issue(t, nil, authority("root"))
	sub := issue(t, root, authority("sub"))
	stranger := issue(t, nil, authority("stranger"))
	twin := issue(t, nil, authority("root")) // the same name, another key
	one := store(root)
	leaf := issue(t, root, host("a.example", "*.b.example"))
	addr := issue(t, root, both(host("a.example"), ips("192.0.2.1", "2001:db8::1")))
	client := issue(t, root, func(c *x509.Certificate) {
		c.Subject.CommonName, c.ExtKeyUsage = "user", []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	smallSub := issueKey(t, root, small, authority("small"))
	notCA := issue(t, root, func(c *x509.Certificate) { c.Subject.CommonName = "not a CA" })
	deniedCA := issue(t, root, func(c *x509.Certificate) { c.Subject.CommonName, c.BasicConstraintsValid = "denied CA", true })
	noSign := issue(t, root, both(authority("no certSign"), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }))
	oldSub := issue(t, root, both(authority("old sub"), expired))
	oldRoot := issue(t, nil, both(authority("old root"), expired))
	constrained := issue(t, root, both(authority("constrained"), func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"b.example"} }))
	flat := issue(t, root, both(authority("flat"), func(c *x509.Certificate) { c.MaxPathLenZero = true }))
	self := issue(t, nil, host("a.example"))
	dead := issue(t, root, both(host("a.example"), expired))

	for _, r := range []row{
		{title: "ok name", name: "a.example", store: one, chain: []*cert{leaf}},
		{title: "ok name in capitals", name: "A.Example", store: one, chain: []*cert{leaf}},
		{title: "ok name with its dot", name: "a.example.", store: one, chain: []*cert{leaf}},
		{title: "ok wildcard", name: "x.b.example", store: one, chain: []*cert{leaf}},
		{title: "ok intermediate", name: "a.example", store: one, chain: []*cert{issue(t, sub, host("a.example")), sub}},
		{title: "ok root sent along", name: "a.example", store: one, chain: []*cert{leaf, root}},
		{title: "ok others sent along", name: "a.example", store: one, chain: []*cert{leaf, stranger, twin}},
		{title: "ok intermediate as anchor", name: "a.example", store: store(sub), chain: []*cert{issue(t, sub, host("a.example"))}},
		{title: "ok leaf as anchor", name: "a.example", store: store(self), chain: []*cert{self}},
		{title: "ok IPv4", name: "192.0.2.1", store: one, chain: []*cert{addr}},
		{title: "ok IPv4 in IPv6", name: "::ffff:192.0.2.1", store: one, chain: []*cert{addr}},
		{title: "ok IPv6", name: "2001:db8::1", store: one, chain: []*cert{addr}},
		{title: "ok IPv6 in brackets", name: "[2001:db8:0:0::1]", store: one, chain: []*cert{addr}},
		{title: "ok IPv6 with zone", name: "2001:db8::1%eth0", store: one, chain: []*cert{addr}},
		{title: "ok client", role: verify.Client, store: one, chain: []*cert{client}},
		{title: "ok no use stated", name: "a.example", store: one, chain: []*cert{issue(t, root, func(c *x509.Certificate) { c.DNSNames = []string{"a.example"} })}},
		{title: "ok second path is in time", name: "a.example", store: store(oldRoot, root), chain: []*cert{leaf}},
		{title: "ok name within constraints", name: "x.b.example", store: one, chain: []*cert{issue(t, constrained, host("x.b.example")), constrained}},

		{title: "bad nothing sent", name: "a.example", store: one, text: "the server sent no certificate"},
		{title: "bad name", name: "c.example", store: one, chain: []*cert{leaf},
			text: `the server's certificate is for DNS:a.example, DNS:*.b.example, not for "c.example" (subject "CN=a.example", issuer "CN=root")`},
		{title: "bad wildcard across two labels", name: "x.y.b.example", store: one, chain: []*cert{leaf}, text: `not for "x.y.b.example"`},
		{title: "bad wildcard for no label", name: "b.example", store: one, chain: []*cert{leaf}, text: `not for "b.example"`},
		{title: "bad name in the subject only", name: "a.example", store: one,
			chain: []*cert{issue(t, root, func(c *x509.Certificate) { c.Subject.CommonName = "a.example" })}, text: "names no host"},
		{title: "bad IP", name: "192.0.2.2", store: one, chain: []*cert{addr}, text: `IP:192.0.2.1, IP:2001:db8::1, not for "192.0.2.2"`},
		{title: "bad IP where a name says the same", name: "192.0.2.9", store: one, chain: []*cert{issue(t, root, host("192.0.2.9"))},
			text: `not for "192.0.2.9"`},
		{title: "bad name empty", name: "", store: one, chain: []*cert{leaf}, text: `not for ""`},
		{title: "bad expired", name: "a.example", store: one, chain: []*cert{dead}, kind: abi.Expired,
			text: "the server's certificate expired on 2030-05-31 12:00:00Z (subject \"CN=a.example\", issuer \"CN=root\", valid 2030-05-30 12:00:00Z to " +
				"2030-05-31 12:00:00Z, names DNS:a.example); the time here is 2030-06-01 12:00:00Z"},
		{title: "bad not yet valid", name: "a.example", store: one, chain: []*cert{issue(t, root, both(host("a.example"), early))}, kind: abi.Expired,
			text: "is not valid before 2030-06-02 12:00:00Z"},
		{title: "bad intermediate expired", name: "a.example", store: one, chain: []*cert{issue(t, oldSub, host("a.example")), oldSub}, kind: abi.Expired,
			text: "an authority above the server's expired on"},
		{title: "bad anchor expired", name: "a.example", store: store(oldRoot), chain: []*cert{issue(t, oldRoot, host("a.example"))}, kind: abi.Expired,
			text: "an authority above the server's expired on"},
		{title: "bad expired and of another name", name: "c.example", store: one, chain: []*cert{dead}, text: `not for "c.example"`},
		{title: "bad expired and of an unknown CA", name: "a.example", store: store(stranger), chain: []*cert{dead}, text: "is not trusted"},
		{title: "bad self-signed", name: "a.example", store: one, chain: []*cert{self}, text: "is self-signed and not in the test's anchors"},
		{title: "bad self-signed and expired", name: "a.example", store: one, chain: []*cert{issue(t, nil, both(host("a.example"), expired))}, text: "is self-signed"},
		{title: "bad unknown CA", name: "a.example", store: one, chain: []*cert{issue(t, stranger, host("a.example"))},
			text: `the issuer "CN=stranger" is neither in the chain the server sent nor in the test's anchors`},
		{title: "bad unknown CA sent along", name: "a.example", store: one, chain: []*cert{issue(t, stranger, host("a.example")), stranger},
			text: `the server's chain ends in the CA "CN=stranger", which is not in the test's anchors`},
		{title: "bad CA of the same name", name: "a.example", store: store(twin), chain: []*cert{leaf}, text: "another CA of the same name"},
		{title: "bad intermediate missing", name: "a.example", store: one, chain: []*cert{issue(t, sub, host("a.example"))},
			text: `the issuer "CN=sub" is neither in the chain`},
		{title: "bad intermediate without CA bit", name: "a.example", store: one, chain: []*cert{issue(t, notCA, host("a.example")), notCA},
			text: `the certificate "CN=not a CA" signed "CN=a.example" without being a CA`},
		{title: "bad intermediate with CA bit false", name: "a.example", store: one, chain: []*cert{issue(t, deniedCA, host("a.example")), deniedCA},
			text: "without being a CA"},
		{title: "bad intermediate that may not sign", name: "a.example", store: one, chain: []*cert{issue(t, noSign, host("a.example")), noSign},
			text: "without being a CA"},
		{title: "bad anchor without CA bit", name: "a.example", store: store(self), chain: []*cert{issue(t, self, host("a.example"))},
			text: "without being a CA"},
		{title: "bad path too long", name: "a.example", store: one, chain: func() []*cert {
			low := issue(t, flat, authority("low"))
			return []*cert{issue(t, low, host("a.example")), low, flat}
		}(), text: "longer than one of its CAs allows"},
		{title: "bad name outside constraints", name: "a.example", store: one, chain: []*cert{issue(t, constrained, host("a.example")), constrained},
			text: "may not vouch for the names"},
		{title: "bad key too small", name: "a.example", store: one, chain: []*cert{issueKey(t, root, small, host("a.example"))},
			text: "the server's certificate has an RSA key of 1024 bits; at least 2048 are needed"},
		{title: "bad key of the intermediate too small", name: "a.example", store: one, chain: []*cert{issue(t, smallSub, host("a.example")), smallSub},
			text: "an authority above the server's has an RSA key of 1024 bits"},
		{title: "bad curve", name: "a.example", store: one,
			chain: []*cert{issueKey(t, root, must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)), host("a.example"))}, text: "ECDSA key of 224 bits"},
		{title: "bad use by a server", name: "a.example", store: one, chain: []*cert{issue(t, root, both(host("a.example"), func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}))}, text: "the server's certificate may not be used for a TLS server (extended key usage)"},
		{title: "bad use by a client", role: verify.Client, store: one, chain: []*cert{leaf}, text: "may not be used for a TLS client"},
		{title: "bad client of an unknown CA", role: verify.Client, store: store(stranger), chain: []*cert{client},
			text: "the client's certificate is not trusted"},
		{title: "bad client expired", role: verify.Client, store: one, kind: abi.Expired, text: "the client's certificate expired",
			chain: []*cert{issue(t, root, both(expired, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))}},
		{title: "bad nothing trusted", name: "a.example", store: store(), chain: []*cert{leaf}, text: "is not trusted"},
	} {
		if r.kind == 0 {
			r.kind = abi.Rejected
		}
		t.Run(r.title, r.run)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestBoundaries checks that both ends of a period belong to it.
func TestBoundaries(t *testing.T) {
	root := issue(t, nil, authority("root"))
	leaf := issue(t, root, host("a.example"))
	for _, tt := range []struct {
		name string
		at   time.Time
		ok   bool
	}{
		{"ok first second", leaf.NotBefore, true},
		{"ok last second", leaf.NotAfter, true},
		{"bad before", leaf.NotBefore.Add(-time.Second), false},
		{"bad after", leaf.NotAfter.Add(time.Second), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := verify.Verifier{Store: store(root), Name: "a.example", RSABits: 2048, Now: func() time.Time { return tt.at }}
			if err := v.Verify(plain([]*cert{leaf})); (err == nil) != tt.ok {
				t.Errorf("Verify: %v", err)
			}
		})
	}
}

// TestHostileTexts checks that what a stranger put in a certificate is quoted and bounded.
func TestHostileTexts(t *testing.T) {
	names := []string{"x.example"}
	for range 100 {
		names = append(names, strings.Repeat("n", 200)+".example")
	}
	leaf := issue(t, nil, both(host(names...), func(c *x509.Certificate) {
		c.Subject.CommonName = "evil\n\x1b[31m" + strings.Repeat("z", 500)
	}))
	v := verify.Verifier{Store: store(leaf), Name: "a.example", RSABits: 2048, Now: noon}
	for _, s := range []*verify.Store{store(leaf), store()} {
		v.Store = s
		err := v.Verify(plain([]*cert{leaf}))
		if err == nil {
			t.Fatal("verified")
		}
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) || len(err.Error()) > 2000 {
			t.Errorf("text: %q", err)
		}
	}
}

func TestIdentity(t *testing.T) {
	uri := must(url.Parse("spiffe://a.example/x"))
	for _, tt := range []struct {
		name string
		edit func(*x509.Certificate)
		want string
	}{
		{"ok subject", func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "a, b", Organization: []string{"Org"}, Country: []string{"DE"}}
		}, `CN=a\, b,O=Org,C=DE`},
		{"ok subject with a NUL", func(c *x509.Certificate) { c.Subject.CommonName = "admin\x00\n.evil" }, `CN=admin\00\0a.evil`},
		{"ok name", func(c *x509.Certificate) { c.DNSNames = []string{"a.example", "b.example"} }, "DNS:a.example"},
		{"ok address", ips("192.0.2.1"), "IP:192.0.2.1"},
		{"ok mail", func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b.example"} }, "email:a@b.example"},
		{"ok URI", func(c *x509.Certificate) { c.URIs = []*url.URL{uri} }, "URI:spiffe://a.example/x"},
		{"ok nobody", func(*x509.Certificate) {}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := verify.Identity(issue(t, nil, tt.edit).Certificate); got != tt.want {
				t.Errorf("identity (-want +got):\n-%s\n+%s", tt.want, got)
			}
		})
	}
}

func TestSystemStore(t *testing.T) {
	root := issue(t, nil, authority("root"))
	leaf := issue(t, root, host("a.example"))
	dir := t.TempDir()
	file := func(name string, blocks ...[]byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, bytes.Join(blocks, nil), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	block := func(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }
	good := file("good.pem", []byte("# comment\n"), block([]byte("odd one out")), block(root.Raw))
	missing := filepath.Join(dir, "missing.pem")
	// Neither of these may move the store.
	t.Setenv("SSL_CERT_FILE", good)
	t.Setenv("SSL_CERT_DIR", dir)
	for _, tt := range []struct {
		name  string
		paths []string
		text  string
	}{
		{"ok first", []string{good, missing}, ""},
		{"ok second", []string{missing, good}, ""},
		{"bad none", []string{missing}, "this system has no trust store (looked for " + missing + "); install the package ca-certificates"},
		{"bad empty", []string{file("empty.pem"), good}, "holds no certificate"},
		{"bad directory", []string{dir, good}, "read the system's trust store: read " + dir},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row{name: "a.example", store: verify.SystemStore(verify.SystemConfig{Paths: tt.paths}), chain: []*cert{leaf}, kind: abi.Rejected, text: tt.text}.run(t)
		})
	}
}

func TestStoreHash(t *testing.T) {
	a, b := issue(t, nil, authority("a")), issue(t, nil, authority("b"))
	hash := func(s *verify.Store) [32]byte { return must(s.Hash()) }
	if hash(store(a)) == hash(store(b)) || hash(store(a)) == hash(store(a, b)) {
		t.Error("different stores have the same hash")
	}
	if first, second := hash(store(a, b)), hash(store(a, b)); first != second {
		t.Error("the same store has different hashes")
	}
}

// FuzzVerify: no sequence of certificates verifies that no anchor signed, and texts are printable.
func FuzzVerify(f *testing.F) {
	root := issue(f, nil, authority("root"))
	stranger := issue(f, nil, authority("stranger"))
	leaf := issue(f, stranger, host("a.example"))
	f.Add(slices.Concat(leaf.Raw, stranger.Raw), "a.example")
	f.Add(issue(f, nil, both(host("a.example"), expired)).Raw, "192.0.2.1")
	v := verify.Verifier{Store: store(root), RSABits: 2048, Now: noon}
	f.Fuzz(func(t *testing.T, der []byte, name string) {
		chain, err := x509.ParseCertificates(der)
		if err != nil || len(chain) > 8 {
			return
		}
		v.Name = name
		err = v.Verify(chain)
		if !errors.As(err, new(*abi.Failure)) {
			t.Fatalf("error %v is no *abi.Failure", err)
		}
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("text: %q", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	root := issue(b, nil, authority("root"))
	sub := issue(b, root, authority("sub"))
	leaf := issue(b, sub, host("a.example"))
	v := verify.Verifier{Store: store(root), Name: "a.example", RSABits: 2048, Now: noon}
	chain := plain([]*cert{leaf, sub})
	for b.Loop() {
		if err := v.Verify(chain); err != nil {
			b.Fatal(err)
		}
	}
}
