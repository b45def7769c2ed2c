package testutil

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Notary is a server that tells what it is told to have seen.
type Notary struct {
	// Address is where it listens; Pin is the SHA-256 of its key.
	Address string
	Pin     [sha256.Size]byte

	mu    sync.Mutex
	says  NotaryAnswer
	asked []string
}

// A NotaryAnswer is what a notary answers.
type NotaryAnswer struct {
	// Seen is the certificate it claims to see, Ago how long ago it saw it last. Nil is that it sees nothing.
	Seen *x509.Certificate
	Ago  time.Duration
	// Host is the server the answer claims to be about; that which was asked about when empty.
	Host string
	// Status is the status of the answer; 0 is 200. Body is the body instead of a report.
	Status int
	Body   []byte
	// Silent never answers.
	Silent bool
	// Endless answers without end.
	Endless bool
}

// NewNotary starts a notary on the loopback address.
func NewNotary(t testing.TB, says NotaryAnswer) *Notary {
	t.Helper()
	n := &Notary{says: says}
	s := httptest.NewUnstartedServer(n)
	s.StartTLS()
	n.Address = strings.TrimPrefix(s.URL, "https://")
	n.Pin = sha256.Sum256(s.Certificate().RawSubjectPublicKeyInfo)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return n
}

// Set changes what it answers.
func (n *Notary) Set(says NotaryAnswer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.says = says
}

// Asked lists the questions so far, as "www.example.com 443".
func (n *Notary) Asked() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.asked...)
}

// ServeHTTP is http.Handler.
func (n *Notary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, port := r.URL.Query().Get("host"), r.URL.Query().Get("port")
	n.mu.Lock()
	says := n.says
	n.asked = append(n.asked, host+" "+port)
	n.mu.Unlock()
	switch {
	case says.Silent:
		<-r.Context().Done()
		return
	case says.Endless:
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 4096)); err != nil {
				return
			}
		}
		return
	}
	if says.Status != 0 {
		w.WriteHeader(says.Status)
	}
	body := says.Body
	if body == nil {
		body = says.report(host, port)
	}
	_, _ = w.Write(body) // whoever asked may be gone
}

// report is the answer in the form of the protocol.
func (a NotaryAnswer) report(host, port string) []byte {
	number, err := strconv.Atoi(port)
	if err != nil {
		return []byte(err.Error())
	}
	if a.Host != "" {
		host = a.Host
	}
	now := time.Now().UTC()
	report := map[string]any{"host": host, "port": number, "now": now, "seen": []any{}}
	if a.Seen == nil {
		report["error"] = "connection refused"
	} else {
		leaf, key := sha256.Sum256(a.Seen.Raw), sha256.Sum256(a.Seen.RawSubjectPublicKeyInfo)
		last := now.Add(-a.Ago)
		report["seen"] = []any{map[string]any{"certificate": hex.EncodeToString(leaf[:]), "key": hex.EncodeToString(key[:]), "first": last, "last": last}}
	}
	text, err := json.Marshal(report)
	if err != nil {
		return []byte(err.Error())
	}
	return text
}
