package keys_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// selfSigned makes a certificate with a key of any kind.
func selfSigned(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der)
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestLoad(t *testing.T) {
	ec := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	rsaKey := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := func(k any) []byte { return block("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(k))) }
	sec1 := block("EC PRIVATE KEY", must[[]byte](t)(x509.MarshalECPrivateKey(ec)))
	tests := []struct {
		name       string
		chain, key []byte
	}{
		{"ok ECDSA in SEC 1", selfSigned(t, ec), sec1},
		{"ok ECDSA in SEC 1 after its parameters", selfSigned(t, ec), append(block("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}), sec1...)},
		{"ok ECDSA in PKCS #8", selfSigned(t, ec), pkcs8(ec)},
		{"ok RSA in PKCS #1", selfSigned(t, rsaKey), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))},
		{"ok RSA in PKCS #8", selfSigned(t, rsaKey), pkcs8(rsaKey)},
		{"ok Ed25519", selfSigned(t, ed), pkcs8(ed)},
		{"ok both in one file", append(selfSigned(t, ec), sec1...), append(selfSigned(t, ec), sec1...)},
		{"ok text around", append([]byte("Subject: a\n"), selfSigned(t, ec)...), append([]byte("Key of a\n"), sec1...)},
		{"ok no key yet", selfSigned(t, ec), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := keys.Load(abi.Credential{Chain: tt.chain, Key: tt.key})
			if err != nil {
				t.Fatalf("Load: %v", err)
			}
			if (c.Signer != nil) != (tt.key != nil) || len(c.Chain) != 1 {
				t.Errorf("credential: signer %T, %d certificates", c.Signer, len(c.Chain))
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Intermediate(t, testutil.Leaf{CommonName: "sub", CA: true}).Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	other := ca.Issue(t, testutil.Leaf{Names: []string{"b.example"}, Key: testutil.RSA})
	der, _ := pem.Decode(leaf.ChainPEM)
	keyDER, _ := pem.Decode(leaf.KeyPEM)
	ecdhKey := must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader))
	weak := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024))
	p224 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	encrypted := []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")
	reversed := bytes.Join([][]byte{rest(leaf.ChainPEM), first(leaf.ChainPEM)}, nil)
	tests := []struct {
		name       string
		chain, key []byte
		kind       abi.Kind
		text       string
	}{
		{"bad nothing", []byte(" \n"), nil, abi.Invalid, "TLS_CERTIFICATE_CHAIN: the value is empty"},
		{"bad no PEM", []byte("hello"), nil, abi.Invalid, "not PEM"},
		{"bad DER", der.Bytes, nil, abi.Invalid, "openssl x509 -inform DER"},
		{"bad damaged", leaf.ChainPEM[:200], nil, abi.Invalid, "the PEM is damaged"},
		{"bad second damaged", leaf.ChainPEM[:len(leaf.ChainPEM)-40], nil, abi.Invalid, "2 blocks begin, 1 are whole"},
		{"bad key for chain", leaf.KeyPEM, nil, abi.Invalid,
			"no certificate in the PEM given as TLS_CERTIFICATE_CHAIN; found a PRIVATE KEY block"},
		{"bad certificate", block("CERTIFICATE", []byte("x")), nil, abi.Invalid, "certificate 1: x509:"},
		{"bad second certificate", slices.Concat(first(leaf.ChainPEM), block("CERTIFICATE", []byte("x"))), nil, abi.Invalid, "certificate 2: x509:"},
		{"bad OpenSSL's own form", block("TRUSTED CERTIFICATE", der.Bytes), nil, abi.Invalid, "OpenSSL's own form"},
		{"bad chain too long", bytes.Repeat(first(leaf.ChainPEM), keys.ChainMax+1), nil, abi.Invalid, "more than 32 certificates"},
		{"bad value too long", make([]byte, abi.ValueMax+1), nil, abi.Invalid, "are more than"},
		{"bad weak RSA key", selfSigned(t, weak), nil, abi.Rejected, "RSA key of 1024 bits"},
		{"bad curve", selfSigned(t, p224), nil, abi.Rejected, "curve P-224"},

		{"bad chain for key", leaf.ChainPEM, leaf.ChainPEM, abi.Invalid, "no private key in the PEM given as TLS_PRIVATE_KEY; found a CERTIFICATE block"},
		{"bad key DER", leaf.ChainPEM, keyDER.Bytes, abi.Invalid, "openssl pkey -inform DER"},
		{"bad key encrypted", leaf.ChainPEM, block("ENCRYPTED PRIVATE KEY", []byte("x")), abi.Invalid, "the key is encrypted"},
		{"bad key encrypted the old way", leaf.ChainPEM, encrypted, abi.Invalid, "the key is encrypted"},
		{"bad key OpenSSH's", leaf.ChainPEM, block("OPENSSH PRIVATE KEY", []byte("x")), abi.Invalid, "OPENSSH PRIVATE KEY cannot be read"},
		{"bad key damaged", leaf.ChainPEM, block("PRIVATE KEY", []byte("secret")), abi.Invalid, "is damaged"},
		{"bad key under another label", leaf.ChainPEM, block("EC PRIVATE KEY", keyDER.Bytes), abi.Invalid, "is damaged"},
		{"bad key cannot sign", leaf.ChainPEM, block("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(ecdhKey))), abi.Invalid, "cannot sign"},
		{"bad key of another kind", leaf.ChainPEM, other.KeyPEM, abi.Rejected, "the RSA key does not belong to the certificate set last"},
		{"bad key of another", other.ChainPEM, leaf.KeyPEM, abi.Rejected, "the ECDSA P-256 key does not belong"},
		{"bad order", reversed, leaf.KeyPEM, abi.Rejected, "the key belongs to certificate 2 of the chain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := keys.Load(abi.Credential{Chain: tt.chain, Key: tt.key})
			var f *abi.Failure
			if !errors.As(err, &f) || f.Kind != tt.kind {
				t.Fatalf("error (-want +got):\n-kind %d\n+%v", tt.kind, err)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("text (-want +got):\n-...%s...\n+%s", tt.text, err)
			}
			leaks(t, tt.key, err)
		})
	}
}

// first and rest split PEM after its first block.
func first(text []byte) []byte { return text[:len(text)-len(rest(text))] }

func rest(text []byte) []byte {
	_, r := pem.Decode(text)
	return r
}

// leaks fails when an error quotes a key.
func leaks(t *testing.T, key []byte, err error) {
	t.Helper()
	b, _ := pem.Decode(key)
	if b == nil || err == nil || !strings.HasSuffix(b.Type, "PRIVATE KEY") || len(b.Bytes) < 6 {
		return
	}
	text := err.Error()
	if strings.Contains(text, string(b.Bytes[:6])) || strings.Contains(text, base64.StdEncoding.EncodeToString(b.Bytes[:6])) {
		t.Errorf("error quotes the key: %s", text)
	}
}

func TestEncodeChain(t *testing.T) {
	c := testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	chain, err := keys.ParseChain(slices.Concat(c.KeyPEM, c.ChainPEM))
	if err != nil {
		t.Fatal(err)
	}
	if got := keys.EncodeChain(chain); !bytes.Equal(got, c.ChainPEM) {
		t.Errorf("chain (-want +got):\n-%s\n+%s", c.ChainPEM, got)
	}
}

// FuzzLoad: a credential that loads has a key that is its leaf's, its chain survives being written and read, and
// everything else is a failure that quotes no key.
func FuzzLoad(f *testing.F) {
	c := testutil.NewCA(f, "root").Issue(f, testutil.Leaf{Names: []string{"a.example"}})
	f.Add(c.ChainPEM, c.KeyPEM)
	f.Add(c.KeyPEM, c.ChainPEM)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"), []byte("-----BEGIN EC PRIVATE KEY-----"))
	f.Fuzz(func(t *testing.T, chain, key []byte) {
		got, err := keys.Load(abi.Credential{Chain: chain, Key: key})
		if err != nil {
			if !errors.As(err, new(*abi.Failure)) {
				t.Errorf("error %v is no *abi.Failure", err)
			}
			leaks(t, key, err)
			return
		}
		again, err := keys.ParseChain(keys.EncodeChain(got.Chain))
		if err != nil || len(again) != len(got.Chain) {
			t.Errorf("chain does not survive: %v", err)
		}
		if pub, ok := got.Chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }); got.Signer != nil && (!ok || !pub.Equal(got.Signer.Public())) {
			t.Error("key is not the leaf's")
		}
	})
}

// FuzzParseAnchors: what parses is within its bounds and survives being written and read.
func FuzzParseAnchors(f *testing.F) {
	f.Add(testutil.NewCA(f, "root").Issue(f, testutil.Leaf{}).ChainPEM)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		certs, err := keys.ParseAnchors(text)
		if err != nil {
			return
		}
		if len(certs) == 0 || len(certs) > keys.AnchorsMax {
			t.Errorf("%d certificates", len(certs))
		}
		if again, err := keys.ParseAnchors(keys.EncodeChain(certs)); err != nil || len(again) != len(certs) {
			t.Errorf("anchors do not survive: %v", err)
		}
	})
}
