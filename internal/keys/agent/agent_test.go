package agent_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	encpem "encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/keys/agent"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// held starts the process that holds keys, in this one, and gives a client of it.
func held(t testing.TB, named func(string) bool) *agent.Client {
	t.Helper()
	a, b, err := linux.SeqpacketPair()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- agent.Serve(context.WithoutCancel(t.Context()), b, agent.Config{Named: named}) }()
	calls, err := rpc.NewClient(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = calls.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return agent.NewClient(calls)
}

func pem(t testing.TB, key any) []byte {
	t.Helper()
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return encpem.EncodeToMemory(&encpem.Block{Type: "PRIVATE KEY", Bytes: b})
}

// load has keys held as a request's are.
func load(t testing.TB, c *agent.Client, texts ...[]byte) ([][]byte, func(), error) {
	t.Helper()
	file, err := linux.SealedMemory("keys", texts...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var sizes []int
	for _, text := range texts {
		size := len(text)
		if text == nil {
			size = -1
		}
		sizes = append(sizes, size)
	}
	return c.Load(t.Context(), file, sizes)
}

func TestSign(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := held(t, nil)
	handles, release, err := load(t, c, pem(t, ec), nil, pem(t, r), pem(t, ed))
	if err != nil || len(handles) != 4 || handles[1] != nil {
		t.Fatalf("Load: %q, %v", handles, err)
	}
	digest := sha256.Sum256([]byte("text"))
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	for _, tt := range []struct {
		name   string
		handle []byte
		digest []byte
		opts   crypto.SignerOpts
		good   func(signature []byte) bool
	}{
		{"ok ECDSA", handles[0], digest[:], crypto.SHA256, func(s []byte) bool { return ecdsa.VerifyASN1(&ec.PublicKey, digest[:], s) }},
		{"ok RSA PSS", handles[2], digest[:], pss, func(s []byte) bool { return rsa.VerifyPSS(&r.PublicKey, crypto.SHA256, digest[:], s, pss) == nil }},
		{"ok RSA PKCS1", handles[2], digest[:], crypto.SHA256, func(s []byte) bool {
			return rsa.VerifyPKCS1v15(&r.PublicKey, crypto.SHA256, digest[:], s) == nil
		}},
		{"ok Ed25519", handles[3], []byte("a message"), crypto.Hash(0), func(s []byte) bool {
			return ed25519.Verify(ed.Public().(ed25519.PublicKey), []byte("a message"), s)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, err := c.Signer(tt.handle)
			if err != nil {
				t.Fatal(err)
			}
			s, err := k.Sign(rand.Reader, tt.digest, tt.opts)
			if err != nil || !tt.good(s) {
				t.Errorf("signature % x: %v", s, err)
			}
		})
	}
	k, err := c.Signer(handles[0])
	if err != nil {
		t.Fatal(err)
	}
	release()
	if _, err := k.Sign(rand.Reader, digest[:], crypto.SHA256); err == nil {
		t.Error("a key that was released signs")
	}
	if _, err := c.Signer(handles[0]); err == nil {
		t.Error("a key that was released is found")
	}
}

func TestBadKeys(t *testing.T) {
	c := held(t, nil)
	for _, tt := range []struct {
		name, text, want string
	}{
		{"bad text", "secret text", "TLS_PRIVATE_KEY"},
		{"bad empty", "", "the value is empty"},
		{"bad block", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := load(t, c, []byte(tt.text))
			var f *abi.Failure
			if !errors.As(err, &f) || f.Kind != abi.Invalid || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := c.Signer([]byte("ssa-key:00000000000000000000000000000000")); err == nil {
		t.Error("a handle that was never given is found")
	}
	fd, err := linux.OpenMemory("open")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fd.Close() }()
	if _, _, err := c.Load(t.Context(), fd, []int{1}); err == nil {
		t.Error("a memory file that can still change is taken")
	}
}

func TestFiles(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	both := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(both, append(bytes.Clone(leaf.KeyPEM), leaf.ChainPEM...), 0o600); err != nil {
		t.Fatal(err)
	}
	c := held(t, func(path string) bool { return path == both || path == leaf.Key })
	text, hasKey, err := c.Chain(both)
	if err != nil || !hasKey || !bytes.Equal(text, leaf.ChainPEM) {
		t.Errorf("Chain: %q, %v, %v", text, hasKey, err)
	}
	for _, path := range []string{both, leaf.Key} {
		key, release, err := c.Key(path)
		if err != nil {
			t.Fatal(err)
		}
		if !leaf.X509.PublicKey.(*ecdsa.PublicKey).Equal(key.Public()) {
			t.Error("it is another key")
		}
		release()
	}
	before, err := c.Stamp(both)
	if err != nil || before == "" {
		t.Errorf("Stamp: %q, %v", before, err)
	}
	if err := os.WriteFile(both, leaf.ChainPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	if after, err := c.Stamp(both); err != nil || after == before {
		t.Errorf("Stamp of a changed file: %q, %v", after, err)
	}
	for name, err := range map[string]error{
		"Chain": third(c.Chain(leaf.Chain)), "Key": third(c.Key(leaf.Chain)), "Stamp": second(c.Stamp(leaf.Chain)),
	} {
		var f *abi.Failure
		if !errors.As(err, &f) || f.Kind != abi.Forbidden {
			t.Errorf("%s of a file that the policy does not name: %v", name, err)
		}
	}
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }

func BenchmarkSign(b *testing.B) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	c := held(b, nil)
	handles, release, err := load(b, c, pem(b, ec))
	if err != nil {
		b.Fatal(err)
	}
	defer release()
	remote, err := c.Signer(handles[0])
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256(nil)
	for name, k := range map[string]crypto.Signer{"here": ec, "held": remote} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := k.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
