package control

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/audit"
)

type others struct{}

func (others) Status() api.Status { return api.Status{Version: "secret"} }
func (others) Diff() api.Diff     { return api.Diff{Problems: []string{"secret"}} }
func (others) Conns() []api.Conn {
	return []api.Conn{{ID: 7, Program: api.Program{Exe: "secret", UID: 1}}}
}
func (others) Revocations(context.Context, bool) (api.Revocations, error) {
	return api.Revocations{}, nil
}
func (others) Reload(context.Context, bool) (api.Reloaded, error) {
	return api.Reloaded{Files: []string{"secret"}}, nil
}

// Whatever an ordinary user asks, nothing of another's is told, and nothing is asked of the daemon that is not theirs.
func FuzzRequest(f *testing.F) {
	for _, path := range []string{
		api.PathStatus, api.PathConns, api.PathConns + "?local=1", api.PathExplain + "/7", api.PathExplain + "/8", api.PathAudit + "?n=1&since=2026-01-01T00:00:00Z",
		api.PathDiff, api.PathMetrics, "/v1//conns/..", "/v1/explain/%37",
	} {
		f.Add([]byte("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"))
		f.Add([]byte("POST " + path + "?enforce=1 HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"))
	}
	log, err := audit.Open(audit.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = log.Close() })
	log.Record(api.Record{ID: 8, Program: &api.Program{Exe: "secret", UID: 1}})
	log.Record(api.Record{ID: 9, Text: "secret"})
	s := New(Config{Daemon: others{}, Audit: log, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("secret"))
	})})
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), callerKey{}, caller{uid: 2}), time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, q.WithContext(ctx))
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%q is answered with %d, %s", text, w.Code, w.Body)
		}
	})
}
