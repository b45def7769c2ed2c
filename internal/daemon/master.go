package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/securesocketapi/ssa/internal/linux"
)

// MasterConfig is what the first process of ssad is started with.
type MasterConfig struct {
	// Socket is where to listen when the service manager has not made the socket.
	Socket string
	// Control is where to listen for administrators; empty is control.sock beside Socket.
	Control string
	// StateDir is a directory of the daemon's own, for what outlives it.
	StateDir string
	// User is the name of the user to run as when started by root; empty is DefaultUser.
	User   string
	Logger *slog.Logger
}

// A Master is the first process of ssad. It holds the listening socket and no secret, reads nothing that programs or peers
// write, and keeps one generation of the processes that do the work (generation.go):
//
//  1. Run makes or inherits the socket, starts a generation, and tells the service manager once that is ready.
//  2. SIGHUP has the generation read its configuration again. SIGUSR2 starts another generation, from the file that is
//     on disk now, and has the old one drain once the new one is ready.
//  3. SIGTERM has the generation drain and ends the master, which must be gone before a service manager starts the next
//     one. What drains goes on until its last connection has ended.
//  4. A process of the generation that ends unasked ends all of it and the master.
type Master struct {
	c       MasterConfig
	log     *slog.Logger
	sockets endpoints
	who     account
	current *generation
}

// NewMaster makes a Master; Run does the work.
func NewMaster(c MasterConfig) (*Master, error) {
	who, err := runAs(c.User, c.Logger)
	if err != nil {
		return nil, err
	}
	if err := who.ownDir(c.StateDir); err != nil {
		return nil, err
	}
	if c.Control == "" {
		c.Control = filepath.Join(filepath.Dir(c.Socket), "control.sock")
	}
	sockets, err := openEndpoints(c.Socket, c.Control, c.Logger)
	if err != nil {
		return nil, err
	}
	return &Master{c: c, log: c.Logger, sockets: sockets, who: who}, nil
}

// readyTime bounds how long a generation may take to be ready, reloadTime how long it reads its configuration.
const (
	readyTime  = 30 * time.Second
	reloadTime = 30 * time.Second
)

// Run serves until it is told to end or a generation fails.
func (m *Master) Run(ctx context.Context) error {
	defer m.sockets.close()
	if err := linux.NotDumpable(); err != nil {
		return err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, linux.SIGTERM, linux.SIGINT, linux.SIGHUP, linux.SIGUSR2)
	defer signal.Stop(signals)
	g, err := m.start(ctx)
	if err != nil {
		return err
	}
	m.current = g
	m.notify(systemd.SdNotifyReady)
	m.log.Info("serving", "socket", m.c.Socket, "uid", m.who.uid)
	return m.obey(ctx, signals)
}

// obey does what signals say.
func (m *Master) obey(ctx context.Context, signals <-chan os.Signal) error {
	beats, stop := heartbeat()
	defer stop()
	for {
		select {
		case s := <-signals:
			switch s {
			case linux.SIGHUP:
				m.reload(ctx)
			case linux.SIGUSR2:
				m.replace(ctx)
			default:
				return m.leave()
			}
		case <-beats:
			m.beat(ctx)
		case err := <-m.current.failed:
			m.current.kill()
			return err
		case <-ctx.Done():
			return m.leave()
		}
	}
}

// leave hands what is established to itself: the generation drains without the master. As the first process of its PID
// namespace the master waits, because nothing outlives it there.
func (m *Master) leave() error {
	m.notify(systemd.SdNotifyStopping)
	m.sockets.close()
	err := m.current.drain()
	if os.Getpid() == 1 {
		m.current.wait()
	}
	return err
}

// reload has the generation read its configuration again. One that is wrong changes nothing.
func (m *Master) reload(ctx context.Context) {
	m.notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", systemd.SdNotifyReloading, linux.MonotonicMicroseconds()))
	ctx, cancel := context.WithTimeout(ctx, reloadTime)
	defer cancel()
	if err := m.current.reload(ctx); err != nil {
		m.log.Error("reload: what was in force stays in force", "error", err)
		m.notify("STATUS=The last reload failed; see the log.")
	} else {
		m.log.Info("reloaded")
		m.notify("STATUS=Reloaded.")
	}
	m.notify(systemd.SdNotifyReady)
}

// replace starts the next generation and drains this one. A next one that does not come up changes nothing.
func (m *Master) replace(ctx context.Context) {
	next, err := m.start(ctx)
	if err != nil {
		m.log.Error("start a successor: what serves goes on", "error", err)
		return
	}
	old := m.current
	m.current = next
	if err := old.drain(); err != nil {
		m.log.Error("drain", "error", err)
	}
	m.log.Info("a successor serves")
}

func (m *Master) start(ctx context.Context) (*generation, error) {
	g, err := newGeneration(m.log, m.who, m.sockets, m.c.StateDir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	if err := g.ready(ctx); err != nil {
		g.kill()
		return nil, fmt.Errorf("start serving: %w", err)
	}
	return g, nil
}

// notify tells the service manager, if there is one.
func (m *Master) notify(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		m.log.Warn("tell the service manager", "error", err)
	}
}

// heartbeat ticks twice in each period the service manager wants a sign of life; never when it wants none.
func heartbeat() (<-chan time.Time, func()) {
	period, err := systemd.SdWatchdogEnabled(false)
	if err != nil || period <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(period / 2)
	return t.C, t.Stop
}

// beat gives a sign of life of the process that does the work.
func (m *Master) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	if err := m.current.ping(ctx); err != nil && !errors.Is(err, context.Canceled) {
		m.log.Error("the service does not answer", "error", err)
		return
	}
	m.notify(systemd.SdNotifyWatchdog)
}
