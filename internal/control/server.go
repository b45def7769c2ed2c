// Package control serves the control socket: it tells an administrator what the TLS service does, and reads the policy
// again when asked to. The contract is package api. It decides who may ask (access.go) and what that may cost
// (places.go); what it tells comes from a Daemon and from the audit log. It knows no connection and no policy.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/audit"
)

// Bounds of a request.
const (
	// headerMax bounds the line and the header of a request, in bytes; the library adds 4096. No request has a body.
	headerMax = 4 << 10
	// headerTime bounds how long they may take, idleTime how long a connection may wait for the next request.
	headerTime = 5 * time.Second
	idleTime   = 15 * time.Second
	// answerTime bounds how long the reader of an answer may take; of one that follows, for each record.
	answerTime = 30 * time.Second
)

// A Daemon is what the socket controls.
type Daemon interface {
	// Status is complete but for what the audit log and the draining processes say.
	Status() api.Status
	Conns() []api.Conn
	// Diff compares the policy that runs with that on disk.
	Diff() api.Diff
	// Reload reads the policy. With an error nothing has changed.
	Reload(ctx context.Context, enforce bool) (api.Reloaded, error)
	// Revocations tells what is known of revocations, after fetching it again if that is asked for.
	Revocations(ctx context.Context, update bool) (api.Revocations, error)
}

// Config is what a Server is made of.
type Config struct {
	Daemon Daemon
	Audit  *audit.Log
	// Metrics answers api.PathMetrics; nil has none.
	Metrics http.Handler
	// Siblings gives the control sockets of the processes that drain; nil has none.
	Siblings func() []string
	// Own says that the daemon's own user may ask for everything.
	Own bool
	// Group gives the number of api.AdminGroup, -1 when there is none; nil looks it up.
	Group  func() int
	Logger *slog.Logger
}

// A Server answers on control sockets.
type Server struct {
	c      Config
	access access
	http   *http.Server
	// ending is cancelled when Close begins, so that nobody follows any more.
	ending context.Context
	end    context.CancelFunc
}

// New makes a server; Close ends it.
func New(c Config) *Server {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Group == nil {
		c.Group = adminGroup
	}
	if c.Siblings == nil {
		c.Siblings = func() []string { return nil }
	}
	s := &Server{c: c, access: access{group: c.Group, own: c.Own}}
	s.ending, s.end = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: s.handler(), MaxHeaderBytes: headerMax, ReadHeaderTimeout: headerTime, ReadTimeout: headerTime,
		WriteTimeout: answerTime, IdleTimeout: idleTime, ConnContext: withCaller, ErrorLog: slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true,
	}
	return s
}

// Serve answers on a socket until Close; it owns l.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(&door{Listener: l, server: s})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// closeTime bounds how long Close waits for answers under way.
const closeTime = time.Second

// Close stops listening and ends all connections, those of followers at once.
func (s *Server) Close() error {
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if err := s.http.Shutdown(ctx); err == nil {
		return nil
	}
	return s.http.Close()
}

// handler finds the answer to a request. What is not in the table there is not.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.admit(r))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, http.StatusNotFound, &api.Error{Text: fmt.Sprintf("there is no %.80q for %.10q", r.URL.Path, r.Method)})
	})
	return mux
}

// route is one request that can be made.
type route struct {
	pattern string
	// everybody says that users who are not administrators may ask, for what is theirs.
	everybody bool
	answer    func(http.ResponseWriter, *http.Request, caller) error
}

func (s *Server) routes() []route {
	return []route{
		{"GET " + api.PathStatus, false, s.status},
		{"GET " + api.PathConns, true, s.conns},
		{"GET " + api.PathExplain + "/{id}", true, s.explain},
		{"GET " + api.PathAudit, false, s.audit},
		{"GET " + api.PathDiff, false, s.diff},
		{"POST " + api.PathReload, false, s.reload},
		{"GET " + api.PathMetrics, false, s.metrics},
		{"GET " + api.PathRevocations, false, s.revocations},
		{"POST " + api.PathUpdate, false, s.updateRevocations},
	}
}

// admit asks whether the caller may have the answer.
func (s *Server) admit(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		who, known := callerOf(q.Context())
		if !known || !who.admin && !r.everybody {
			s.fail(w, http.StatusForbidden, &api.Error{
				Text: "permission denied", Hint: "ask as root or as a member of the group " + api.AdminGroup + ", see ssad(8)",
			})
			return
		}
		q.Body = http.MaxBytesReader(w, q.Body, 0)
		if err := r.answer(w, q, who); err != nil {
			s.refuse(w, err)
		}
	})
}

// refuse answers with an error: the caller's own mistake, or what the daemon could not do.
func (s *Server) refuse(w http.ResponseWriter, err error) {
	var own *api.Error
	if errors.As(err, &own) {
		s.fail(w, http.StatusBadRequest, own)
		return
	}
	s.fail(w, http.StatusConflict, &api.Error{Text: err.Error()})
}

func (s *Server) fail(w http.ResponseWriter, status int, e *api.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e) // who has gone needs no answer
}

func reply(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // who has gone needs no answer
	return nil
}
