// Package service is the TLS service: it implements socket.Service with the policy, the engine and the relay. It
// never reads another process's memory, resolves no name and opens no connection.
//
// A connection passes through these files in order: admit.go settles what is in force, connect.go or listen.go gets
// it through its handshake, flights.go bounds the handshakes of a listener, conn.go hands it to the relay.
package service

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/panel"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// Config is what a service needs. The zero Config has the built-in policy and the system's trust store.
type Config struct {
	// Logger gets one line for each connection that fails; nil logs nothing.
	Logger *slog.Logger
	// Policy gives the policy in force at the time; nil is the built-in one for everybody.
	Policy func() *policy.Policy
	// Open opens a file that the policy names; it refuses one that others than root can write. Nil is os.Open.
	Open func(path string) (*os.File, error)
	// Signer gives the private key that abi.Credential.Key holds or stands for; nil is keys.ParseKey.
	Signer func(key []byte) (crypto.Signer, error)
	// Files reads the certificates and keys that the policy names; nil reads them here, with Open.
	Files Files
	// TrustStores are files of which the first that exists is the system's trust store; nil is verify.SystemPaths.
	TrustStores []string
	// Judge gives the judge of certificates of a name, for all but standard validation and pins; nil is none. Judges may
	// be asked after the service has read another policy.
	Judge func(name string) judge.Judge
	// Kept is where keys of first connections are kept; nil is nowhere.
	Kept *pins.Store
	// ClientSessions and TicketKeys keep what programs' sessions need beyond the life of the service; nil keeps it in
	// memory only.
	ClientSessions, TicketKeys engine.Store
	// Additions is the directory with additions to it; empty is none.
	Additions string
	// Now is the clock for certificates and sessions; nil is time.Now.
	Now func() time.Time
	// Record keeps the record of a decision and does not wait; nil keeps none.
	Record func(api.Record)
}

// A Service does TLS for programs. It is safe for concurrent use.
type Service struct {
	log    *slog.Logger
	policy func() *policy.Policy
	open   func(string) (*os.File, error)
	signer func([]byte) (crypto.Signer, error)
	files  *files
	given  *given
	caps   policy.Caps
	engine *engine.Engine
	relay  *relay.Relay
	stores *stores
	panel  *panel.Panel
	bases  bases
	kept   *pins.Store
	now    func() time.Time
	note   func(api.Record)

	// ending is cancelled when Close begins, cutting when it has waited long enough.
	ending, cutting context.Context
	end, cut        context.CancelCauseFunc
	running         sync.WaitGroup

	watching sync.Once

	mu        sync.Mutex
	closed    bool
	listeners map[*listener]struct{}
	// conns are those that live; waiting are those of them that nobody has started.
	conns, waiting map[*conn]struct{}
}

var _ socket.Service = (*Service)(nil)

// errEnding is why things end that Close ends.
var errEnding = errors.New("the TLS service is shutting down")

// New makes a service.
func New(c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Policy == nil {
		builtIn := policy.Uniform(policy.Default())
		c.Policy = func() *policy.Policy { return builtIn }
	}
	if c.Open == nil {
		c.Open = os.Open
	}
	if c.Signer == nil {
		c.Signer = keys.ParseKey
	}
	if c.Files == nil {
		c.Files = localFiles{c.Open}
	}
	if c.TrustStores == nil {
		c.TrustStores = verify.SystemPaths()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{
		log: c.Logger, policy: c.Policy, open: c.Open, signer: c.Signer, caps: engine.Caps(), now: c.Now, note: c.Record,
		engine: engine.New(engine.Config{
			Now: c.Now, Sessions: c.Policy().Global(c.Now()).Limits.Sessions, ClientSessions: c.ClientSessions, TicketKeys: c.TicketKeys,
		}),
		relay:  relay.New(),
		stores: newStores(verify.SystemConfig{Paths: c.TrustStores, Additions: c.Additions, Open: c.Open}),
		panel:  panel.New(panel.Config{Find: c.Judge}), kept: c.Kept,
		bases: newBases(), given: newGiven(c.Now, c.Signer), listeners: map[*listener]struct{}{},
		conns:   map[*conn]struct{}{},
		waiting: map[*conn]struct{}{},
	}
	s.files = &files{
		from: c.Files, read: localFiles{c.Open}.read, known: map[source]*loaded{},
		warn: func(from source, err error) {
			s.log.Error("a replaced certificate or key is not used, the old one stays in use", "files", from.paths(), "error", err)
			s.unrenewed(from.paths(), err)
		},
		unstapled: func(from source, err error) {
			s.log.Error("a stapled response is not used", "file", from.staple, "chain", from.chain, "error", err)
		},
	}
	s.ending, s.end = context.WithCancelCause(context.Background())
	s.cutting, s.cut = context.WithCancelCause(context.Background())
	return s
}

// cutTime bounds how long Close waits for connections it has cut off.
const cutTime = 5 * time.Second

// Close stops listening, gives up handshakes, closes connections that were never started, and waits for the relays
// to deliver what they have. When ctx is done it cuts off what is left.
func (s *Service) Close(ctx context.Context) error {
	s.end(errEnding)
	for _, l := range s.takeListeners() {
		_ = l.Close()
	}
	for _, c := range s.takeWaiting() {
		c.Abort()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
		if err := s.relay.Close(); err != nil {
			s.log.Error("close the TLS service", "error", err)
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.cut(errEnding)
	select {
	case <-done:
		return fmt.Errorf("close the TLS service: connections were cut off: %w", context.Cause(ctx))
	case <-time.After(cutTime):
		return fmt.Errorf("close the TLS service: connections did not end within %v", cutTime)
	}
}

func (s *Service) takeListeners() []*listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return keysOf(s.listeners)
}

func (s *Service) takeWaiting() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return keysOf(s.waiting)
}

func keysOf[K comparable](m map[K]struct{}) []K {
	list := make([]K, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	return list
}

// begin counts something that Close waits for; it must call running.Done.
func (s *Service) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return abi.Failf(abi.Exhausted, "%w", errEnding)
	}
	s.running.Add(1)
	return nil
}

// application identifies a program for keeping its sessions apart from others'.
func application(a socket.App) string { return a.Exe + "\x00" + strconv.Itoa(a.UID) }

// newID makes an identifier for an accepted connection: random, so that no two services give the same.
func newID() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return binary.BigEndian.Uint64(b[:])>>1 | 1
}
