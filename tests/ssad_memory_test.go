package tests

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
)

// env is the environment the agent was started with.
func (a *agent) env(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(process(a.number("os.getpid()")).path("environ"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\x00")
}

// secretOf is the private number of an ECDSA key, in bytes as they stand in its PKCS #8 form and in memory.
func secretOf(t testing.TB, text []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("a key of type %T", key)
	}
	b, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// memoryHas looks for bytes in all memory of a process, in both orders of bytes.
func memoryHas(t testing.TB, p process, secret []byte) bool {
	t.Helper()
	reversed := bytes.Clone(secret)
	for i, b := range secret {
		reversed[len(secret)-1-i] = b
	}
	maps, err := os.ReadFile(p.path("maps"))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(p.path("mem"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mem.Close() }()
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") || to-from > 1<<30 {
			continue
		}
		b := make([]byte, to-from)
		n, _ := mem.ReadAt(b, from)
		if bytes.Contains(b[:n], secret) || bytes.Contains(b[:n], reversed) {
			return true
		}
	}
	return false
}
