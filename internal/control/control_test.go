package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
	"github.com/securesocketapi/ssa/internal/audit"
	"github.com/securesocketapi/ssa/internal/control"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// pretender is a daemon with connections of two users.
type pretender struct {
	conns    []api.Conn
	broken   error
	enforced *bool
}

func (p pretender) Status() api.Status { return api.Status{Version: "v", PID: 42, Conns: len(p.conns)} }
func (p pretender) Conns() []api.Conn  { return append([]api.Conn{}, p.conns...) }
func (p pretender) Diff() api.Diff {
	return api.Diff{Changes: []api.Change{{Where: "global", Key: "versions", Running: "a", Disk: "b"}}}
}

func (p pretender) Reload(_ context.Context, enforce bool) (api.Reloaded, error) {
	if p.enforced != nil {
		*p.enforced = enforce
	}
	return api.Reloaded{Profiles: 3}, p.broken
}

func (p pretender) Revocations(_ context.Context, update bool) (api.Revocations, error) {
	says := "old"
	if update {
		says = "new"
	}
	return api.Revocations{Sources: []api.RevocationSource{{Kind: "crl", Says: says}}}, p.broken
}

func conns() []api.Conn {
	return []api.Conn{
		{ID: 1<<62 + 1, Program: api.Program{Exe: "/bin/own", UID: os.Getuid()}},
		{ID: 7, Program: api.Program{Exe: "/bin/other", UID: os.Getuid() + 1}},
	}
}

type stage struct {
	path  string
	audit *audit.Log
}

// serve serves a daemon on a socket. The test is root's or an ordinary user's; own says whether the latter may ask for
// everything.
func serve(t *testing.T, c control.Config) stage {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(audit.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c.Audit = log
	path := filepath.Join(dir, "c.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	s := control.New(c)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), <-done, log.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return stage{path, log}
}

func TestAnswers(t *testing.T) {
	enforced := false
	s := serve(t, control.Config{Daemon: pretender{conns: conns(), enforced: &enforced}, Own: true})
	c, ctx := client.New(s.path), t.Context()
	if st, err := c.Status(ctx); err != nil || st.PID != 42 || st.Conns != 2 || st.Draining == nil {
		t.Errorf("status: %+v, %v", st, err)
	}
	if list, err := c.Conns(ctx); err != nil || len(list.Conns) != 2 || list.Conns[0].ID != 7 || list.Conns[1].ID != 1<<62+1 {
		t.Errorf("conns by id: %+v, %v", list, err)
	}
	if d, err := c.Diff(ctx); err != nil || len(d.Changes) != 1 || d.Changes[0].Disk != "b" {
		t.Errorf("diff: %+v, %v", d, err)
	}
	for _, want := range []bool{true, false} {
		if r, err := c.Reload(ctx, want); err != nil || r.Profiles != 3 || enforced != want {
			t.Errorf("reload: %+v, %v, enforce %t", r, err, enforced)
		}
	}
}

func TestReloadThatFails(t *testing.T) {
	s := serve(t, control.Config{Daemon: pretender{broken: errors.New("/etc/ssa/policy.toml:1:1: no")}, Own: true})
	_, err := client.New(s.path).Reload(t.Context(), false)
	if own := (*api.Error)(nil); !errors.As(err, &own) || own.Text != "/etc/ssa/policy.toml:1:1: no" {
		t.Errorf("got %v", err)
	}
}

func TestExplain(t *testing.T) {
	s := serve(t, control.Config{Daemon: pretender{conns: conns()}, Own: true})
	c := client.New(s.path)
	s.audit.Record(api.Record{ID: 7, Decision: api.Allowed, Event: api.Connection})
	s.audit.Record(api.Record{ID: 8, Decision: api.Refused, Event: api.Connection})
	if e, err := c.Explain(t.Context(), 7); err != nil || e.Conn == nil || e.Conn.Program.Exe != "/bin/other" || len(e.Records) != 1 {
		t.Errorf("a live one: %+v, %v", e, err)
	}
	if e, err := c.Explain(t.Context(), 8); err != nil || e.Conn != nil || len(e.Records) != 1 || e.Records[0].Decision != api.Refused {
		t.Errorf("a refused one: %+v, %v", e, err)
	}
	for _, id := range []uint64{0, 9} {
		if _, err := c.Explain(t.Context(), id); err == nil {
			t.Errorf("%d can be explained", id)
		}
	}
}

func TestAudit(t *testing.T) {
	s := serve(t, control.Config{Daemon: pretender{}, Own: true})
	c := client.New(s.path)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		s.audit.Record(api.Record{ID: uint64(i + 1), Time: begin.Add(time.Duration(i) * time.Hour)})
	}
	for _, tt := range []struct {
		name string
		q    client.Query
		want []uint64
	}{
		{"ok all", client.Query{Last: -1}, []uint64{1, 2, 3, 4, 5}},
		{"ok the last", client.Query{Last: 2}, []uint64{4, 5}},
		{"ok none", client.Query{Last: 0}, nil},
		{"ok more than there are", client.Query{Last: 100}, []uint64{1, 2, 3, 4, 5}},
		{"ok since", client.Query{Last: -1, Since: begin.Add(90 * time.Minute)}, []uint64{3, 4, 5}},
		{"ok since, the last", client.Query{Last: 1, Since: begin.Add(90 * time.Minute)}, []uint64{5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []uint64
			err := c.Audit(t.Context(), tt.q, func(r api.Record, _ []byte) error { got = append(got, r.ID); return nil })
			if a, _ := json.Marshal(got); err != nil || string(a) != string(must(json.Marshal(tt.want))) {
				t.Errorf("(-want +got):\n-%v\n+%v, %v", tt.want, got, err)
			}
		})
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		return []byte(err.Error())
	}
	return b
}

var errEnough = errors.New("enough")

func TestAuditFollows(t *testing.T) {
	s := serve(t, control.Config{Daemon: pretender{}, Own: true})
	s.audit.Record(api.Record{ID: 1})
	var got []uint64
	err := client.New(s.path).Audit(t.Context(), client.Query{Last: -1, Follow: true}, func(r api.Record, _ []byte) error {
		got = append(got, r.ID)
		if r.ID == 3 {
			return errEnough
		}
		s.audit.Record(api.Record{ID: r.ID + 1})
		return nil
	})
	if !errors.Is(err, errEnough) || len(got) != 3 {
		t.Errorf("got %v, %v", got, err)
	}
}

// The end of the server is the end of those who follow.
func TestCloseEndsFollowers(t *testing.T) {
	ended := make(chan error, 1)
	t.Run("", func(t *testing.T) {
		s := serve(t, control.Config{Daemon: pretender{}, Own: true})
		s.audit.Record(api.Record{ID: 1})
		first := make(chan struct{}, 1)
		go func() {
			ended <- client.New(s.path).Audit(context.Background(), client.Query{Last: -1, Follow: true}, func(api.Record, []byte) error {
				first <- struct{}{}
				return nil
			})
		}()
		<-first
	})
	if err := <-ended; err != nil {
		t.Errorf("following ended with %v", err)
	}
}

// A process that drains is asked for its connections; one that is gone is told of and does no harm.
func TestSiblings(t *testing.T) {
	old := serve(t, control.Config{Daemon: pretender{conns: []api.Conn{{ID: 3, Program: api.Program{UID: os.Getuid()}}}}, Own: true})
	s := serve(t, control.Config{
		Daemon: pretender{conns: conns()}, Own: true, Siblings: func() []string { return []string{old.path, "/nonexistent.sock"} },
	})
	c := client.New(s.path)
	list, err := c.Conns(t.Context())
	if err != nil || len(list.Conns) != 3 || !list.Conns[0].Draining || list.Conns[1].Draining || len(list.Problems) != 1 {
		t.Errorf("conns: %+v, %v", list, err)
	}
	if st, err := c.Status(t.Context()); err != nil || len(st.Draining) != 1 || st.Draining[0].Conns != 1 {
		t.Errorf("status: %+v, %v", st, err)
	}
	if e, err := c.Explain(t.Context(), 3); err != nil || e.Conn == nil || !e.Conn.Draining {
		t.Errorf("explain: %+v, %v", e, err)
	}
	if r, err := c.Reload(t.Context(), false); err != nil || len(r.Problems) != 1 {
		t.Errorf("reload: %+v, %v", r, err)
	}
}

func TestNobodyThere(t *testing.T) {
	_, err := client.New(filepath.Join(t.TempDir(), "none.sock")).Status(t.Context())
	if !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("got %v", err)
	}
}

func TestStrangeRequests(t *testing.T) {
	s := serve(t, control.Config{Daemon: pretender{}, Own: true})
	for _, tt := range []struct{ name, request, status string }{
		{"bad path", "GET /v2/status HTTP/1.1\r\nHost: a\r\n\r\n", "404"},
		{"bad method", "POST /v1/status HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "404"},
		{"bad reload by GET", "GET /v1/policy/reload HTTP/1.1\r\nHost: a\r\n\r\n", "404"},
		{"bad id", "GET /v1/explain/x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"bad since", "GET /v1/audit?since=yesterday HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"bad n", "GET /v1/audit?n=-1 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"bad no HTTP", "\x16\x03\x01\x02\x00\x01\r\n\r\n", "400"},
		{"bad header too long", "GET /v1/status HTTP/1.1\r\nHost: a\r\nA: " + strings.Repeat("a", 16<<10) + "\r\n\r\n", "431"},
		{"bad no metrics", "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"ok", "GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n", "200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("unix", s.path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := io.WriteString(c, tt.request); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || !strings.Contains(line, " "+tt.status+" ") {
				t.Errorf("answered %q, %v; want %s", line, err, tt.status)
			}
		})
	}
}

// Who takes all places and says nothing keeps only his own kind out, and only for a while.
func TestPlaces(t *testing.T) {
	s := serve(t, control.Config{Daemon: pretender{}, Own: true})
	var all []net.Conn
	for range 64 {
		c, err := net.Dial("unix", s.path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		all = append(all, c)
	}
	one := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", s.path)
	}}}
	if a, err := one.Get("http://ssa" + api.PathStatus); err == nil {
		_ = a.Body.Close()
		t.Error("a 65th is answered")
	}
	_ = all[0].Close()
	for {
		a, err := one.Get("http://ssa" + api.PathStatus)
		if err == nil {
			_ = a.Body.Close()
			return
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}
