// Package notaryd is a notary: it looks at TLS servers when it is asked to and says which certificates it has seen there
// (internal/verify/notary has the protocol). It believes nothing it sees, and looks at servers of the Internet only,
// unless it is told otherwise.
package notaryd

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/verify/notary"
)

// Bounds and times.
const (
	// connectionsMax bounds those who ask, looksMax the servers that are looked at, at a time.
	connectionsMax = 256
	looksMax       = 64
	// lookTime bounds one look.
	lookTime = 5 * time.Second
	// fresh is how long a look counts before the server is looked at again.
	fresh = 10 * time.Second
	// headTime, answerTime and headMax bound a question.
	headTime   = 5 * time.Second
	answerTime = 15 * time.Second
	headMax    = 8 << 10
	// hostMax is the longest host name (RFC 1035, section 2.3.4).
	hostMax = 253
)

// Config is what a server is made of.
type Config struct {
	// Allow are the addresses of the inside that it looks at too; see [fetch.Inside].
	Allow []netip.Prefix
	// Log gets what goes wrong with those who ask.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Server is a notary.
type Server struct {
	config Config
	book   *book
	looks  chan struct{}
}

// New makes a Server.
func New(c Config) *Server {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{config: c, book: newBook(), looks: make(chan struct{}, looksMax)}
}

// Serve answers on a listener, which does TLS, until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: headTime, ReadTimeout: headTime, WriteTimeout: answerTime, MaxHeaderBytes: headMax,
		ErrorLog:    slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	h.SetKeepAlivesEnabled(false)
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	err := h.Serve(netutil.LimitListener(l, connectionsMax))
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// ServeHTTP answers one question.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, err := question(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	seen, at, err := s.look(r.Context(), t)
	switch {
	case errors.Is(err, fetch.ErrForbidden):
		http.Error(w, "this notary does not look at that server: "+err.Error(), http.StatusForbidden)
		return
	case errors.Is(err, errBusy):
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	report := notary.Report{Host: t.host, Port: t.port, Now: at, Seen: seen}
	if err != nil {
		report.Error = err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(report); err != nil {
		s.config.Logger.Debug("answer", "error", err)
	}
}

// target is a server.
type target struct {
	host string
	port uint16
}

func (t target) address() string { return net.JoinHostPort(t.host, strconv.Itoa(int(t.port))) }

// question reads what is asked.
func question(r *http.Request) (target, error) {
	if r.Method != http.MethodGet || r.URL.Path != notary.Path {
		return target{}, errors.New("ask with GET " + notary.Path + "?host=HOST&port=PORT")
	}
	q := r.URL.Query()
	port, err := strconv.ParseUint(q.Get("port"), 10, 16)
	if err != nil || port == 0 {
		return target{}, errors.New("port has to be 1 to 65535")
	}
	t := target{host: q.Get("host"), port: uint16(port)}
	if !valid(t.host) {
		return target{}, errors.New("host has to be a name or an address")
	}
	return t, nil
}

// valid is whether a host is an address, or consists of what names consist of.
func valid(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == ""
	}
	strange := func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}
	return host != "" && len(host) <= hostMax && !strings.ContainsFunc(host, strange)
}
