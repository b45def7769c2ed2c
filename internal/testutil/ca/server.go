package ca

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
	"golang.org/x/crypto/ocsp"
)

// A Server serves whatever a test wants on the loopback address: an OCSP responder or the host of a list.
type Server struct {
	URL  string
	Port uint16

	asked   atomic.Int64
	mu      sync.Mutex
	serve   http.HandlerFunc
	arrived chan struct{}
}

// NewServer starts a server; it is over with the test.
func NewServer(t testing.TB, serve http.HandlerFunc) *Server {
	t.Helper()
	s := &Server{serve: serve, arrived: make(chan struct{}, 1)}
	h := httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(h.Close)
	s.URL, s.Port = h.URL, testutil.AddrPort(h.Listener).Port()
	return s
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	s.mu.Lock()
	serve := s.serve
	s.mu.Unlock()
	serve(w, r)
}

// Serve changes what it serves.
func (s *Server) Serve(serve http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve = serve
}

// Asked is how often it was asked.
func (s *Server) Asked() int { return int(s.asked.Load()) }

// Arrived receives when somebody asks.
func (s *Server) Arrived() <-chan struct{} { return s.arrived }

// Document serves bytes.
func Document(der []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(der) }
}

// Garbage serves what is no ASN.1.
func Garbage() http.HandlerFunc { return Document([]byte("<html>It works!</html>")) }

// Silent takes the request and says nothing until the asker leaves or end is closed.
func Silent(end <-chan struct{}) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}
}

// Slow serves once begin is closed.
func Slow(begin <-chan struct{}, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		<-begin
		then(w, r)
	}
}

// Oversized serves bytes without end.
func Oversized() http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for text, err := strings.Repeat("x", 1<<16), error(nil); err == nil; {
			_, err = io.WriteString(w, text)
		}
	}
}

// Loop sends the asker in a circle.
func Loop() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	}
}

// Elsewhere sends the asker to another address.
func Elsewhere(url string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusTemporaryRedirect) }
}

// Broken ends the connection in the middle of the answer.
func Broken(der []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(der)))
		_, _ = w.Write(der[:len(der)/2])
	}
}

// TryLater is an OCSP responder that is busy.
func TryLater() http.HandlerFunc { return Document(ocsp.TryLaterErrorResponse) }

// Answers is an OCSP responder. It checks that it is asked about a certificate, and edits its answers.
func (e *Entity) Answers(t testing.TB, edits ...ResponseEdit) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err != nil {
			return
		}
		q, err := ocsp.ParseRequest(body)
		if err != nil || r.Header.Get("Content-Type") != "application/ocsp-request" {
			t.Errorf("request to the responder: %v, type %q", err, r.Header.Get("Content-Type"))
			return
		}
		about := *e.Certificate
		about.SerialNumber = q.SerialNumber
		w.Header().Set("Content-Type", "application/ocsp-response")
		_, _ = w.Write(e.Response(t, &about, edits...))
	}
}
