package engine_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// greeter is a TLS server with a certificate that greets whoever comes.
func greeter(t *testing.T, c testutil.Certificate) string {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, leaf, err := engine.Listener(plain, c.ChainPEM, c.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if engine.PinOf(leaf) != engine.PinOf(c.X509) {
		t.Error("the listener names another key")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "hello") // a client that refuses the server reads nothing
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return plain.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestPinned: the key decides, and nothing else.
func TestPinned(t *testing.T) {
	long := time.Now().Add(-48 * time.Hour)
	right := testutil.SelfSigned(t, testutil.Leaf{CommonName: "expired", NotBefore: long, NotAfter: long.Add(time.Hour)})
	wrong := testutil.SelfSigned(t, testutil.Leaf{CommonName: "other"})
	address := greeter(t, right)
	c, err := engine.Pinned(t.Context(), dial(t, address), []engine.Pin{engine.PinOf(wrong.X509), engine.PinOf(right.X509)})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(c); err != nil || string(text) != "hello" {
		t.Errorf("read %q, %v", text, err)
	}
	_, err = engine.Pinned(t.Context(), dial(t, address), []engine.Pin{engine.PinOf(wrong.X509)})
	if err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("bad key: %v", err)
	}
	if _, err = engine.Pinned(t.Context(), dial(t, address), nil); err == nil {
		t.Error("without pins any server is good")
	}
}

// TestObserve: the chain is seen as OpenSSL sends it, in both versions of the protocol.
func TestObserve(t *testing.T) {
	ca := testutil.NewCA(t, "observed").Intermediate(t, testutil.Leaf{CommonName: "middle", CA: true})
	cert := ca.Issue(t, testutil.Leaf{Names: []string{"www.example.com"}})
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		server := testutil.OpenSSLServer(t, cert, version)
		chain, err := engine.Observe(t.Context(), dial(t, server.Addr.String()), "www.example.com")
		if err != nil || len(chain) != 2 || !chain[0].Equal(cert.X509) || !chain[1].Equal(ca.Cert) {
			t.Errorf("%s: %d certificates, %v", version, len(chain), err)
		}
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := engine.Observe(ctx, dial(t, plain.Addr().String()), "192.0.2.1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a silent server: %v", err)
	}
	if _, _, err := engine.Listener(plain, cert.ChainPEM, ca.Issue(t, testutil.Leaf{}).KeyPEM); err == nil {
		t.Error("a key of another certificate was accepted")
	}
}
