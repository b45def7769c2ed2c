package testutil

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// Files writes a chain, leaf first, and the key of its leaf to files that end with the test.
func Files(t testing.TB, key crypto.Signer, chain []*x509.Certificate) Certificate {
	t.Helper()
	return files(t, t.TempDir(), key, chain)
}

func files(t testing.TB, dir string, key crypto.Signer, chain []*x509.Certificate) Certificate {
	t.Helper()
	sub, err := os.MkdirTemp(dir, "cert")
	if err != nil {
		t.Fatal(err)
	}
	c := Certificate{ChainPEM: certPEM(chain...), KeyPEM: keyPEM(t, key), X509: chain[0]}
	c.Chain = writePEM(t, sub, "chain.pem", c.ChainPEM)
	c.Key = writePEM(t, sub, "key.pem", c.KeyPEM)
	c.Intermediates = writePEM(t, sub, "intermediates.pem", certPEM(chain[1:]...))
	return c
}

func certPEM(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func keyPEM(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("encode private key: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func writePEM(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
