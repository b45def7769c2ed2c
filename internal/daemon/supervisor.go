// Package daemon wires the packages of a role together. It decides nothing itself.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/syscalls"
)

// Bounds of one supervised tree.
const (
	// drainTime bounds how long what programs wrote before they ended may take to reach the peers.
	drainTime = time.Minute
	// hurryTime bounds it once somebody, such as a service manager, has asked all of the tree to end.
	hurryTime = 5 * time.Second
	// dirMax leaves the names of sockets below it the room they need in struct sockaddr_un (unix(7)), in bytes.
	dirMax = 64
)

// SupervisorConfig is what a Supervisor is made of.
type SupervisorConfig struct {
	// Logger gets what the service has to say.
	Logger *slog.Logger
	// Service says which service it uses, Socket where ssad listens.
	Service Mode
	Socket  string
	// Wraps are the plain connections and listeners of the tree that become TLS.
	Wraps socket.Wraps
	// Audit is the file for the records of an embedded service; empty keeps none.
	Audit string
}

// Supervisor answers the trapped calls of a tree, with an embedded service or that of the machine.
type Supervisor struct {
	log   *slog.Logger
	table *socket.Table
	svc   tlsService
	// server is there while calls are received.
	server atomic.Pointer[syscalls.Server]
	// asked has a signal once this process was asked to end, which it does when the tree has ended.
	asked chan os.Signal
}

// NewSupervisor makes a Supervisor.
func NewSupervisor(c SupervisorConfig) (*Supervisor, error) {
	log := c.Logger
	dir, err := runtimeDir()
	if err != nil {
		return nil, err
	}
	svc, sockets, err := c.service()
	if err != nil {
		return nil, err
	}
	if err := c.checkWraps(); err != nil {
		return nil, err
	}
	table, err := socket.NewTable(socket.Config{Service: svc, Dir: dir, Max: sockets, Wraps: c.Wraps, Logger: log})
	if err != nil {
		return nil, err
	}
	s := &Supervisor{log: log, table: table, svc: svc, asked: make(chan os.Signal, 1)}
	signal.Notify(s.asked, linux.SIGTERM)
	return s, nil
}

// checkWraps refuses rules that contradict each other.
func (c SupervisorConfig) checkWraps() error {
	ctx, cancel := context.WithTimeout(context.Background(), findTime)
	defer cancel()
	return socket.CheckWraps(ctx, linux.Task(os.Getpid()), c.Wraps.To)
}

// Wrapping says whether plain connections of the tree may have to become TLS.
func (s *Supervisor) Wrapping() bool { return s.table.Wrapping() }

// Serve answers the calls that come from a seccomp listener, until the last process of the tree has ended and
// what it wrote has been sent.
func (s *Supervisor) Serve(fd linux.FD) error {
	arch, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return fmt.Errorf("the system calls of %s are not known", runtime.GOARCH)
	}
	calls, err := seccomp.NewListener(fd, arch)
	if err != nil {
		return err
	}
	defer func() { _ = calls.Close() }()
	return errors.Join(s.receive(calls), s.drain())
}

// Settle frees the ports of a program that has just ended, before anybody learns of its end.
func (s *Supervisor) Settle() {
	if server := s.server.Load(); server != nil {
		server.Settle()
	}
	if _, err := s.table.Sweep(); err != nil {
		s.log.Warn("look for closed sockets", "error", err)
	}
}

// receive runs until the tree is gone.
func (s *Supervisor) receive(calls *seccomp.Listener) error {
	ctx, cancel := context.WithCancel(context.Background())
	watching := make(chan error, 1)
	go func() { watching <- s.table.Run(ctx) }()
	server := syscalls.NewServer(ctx, s.table, s.log)
	s.server.Store(server)
	err := calls.Serve(func(n *seccomp.Notification) { server.Handle(n.Call, syscalls.NewCaller(n)) })
	cancel()
	server.Wait()
	return errors.Join(err, <-watching, s.table.Close())
}

// drain waits until what programs wrote has been sent.
func (s *Supervisor) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	go func() {
		select {
		case <-ctx.Done():
		case <-s.asked:
			time.AfterFunc(hurryTime, cancel)
		}
	}()
	return s.svc.Close(ctx)
}

// runtimeDir gives a directory only this process's user can enter, on a file system that forgets. All
// supervisors of a user share it: what they make in it has a random name and for a moment only.
func runtimeDir() (string, error) {
	uid := strconv.Itoa(os.Geteuid())
	var tried []error
	for _, base := range []string{os.Getenv("XDG_RUNTIME_DIR"), "/run/user/" + uid, "/run", "/dev/shm", os.TempDir()} {
		dir := filepath.Join(base, "ssa-"+uid)
		if !filepath.IsAbs(base) || len(dir) > dirMax {
			continue
		}
		err := os.Mkdir(dir, 0o700)
		if err == nil || errors.Is(err, os.ErrExist) {
			err = linux.PrivateDir(dir)
		}
		if err == nil {
			return dir, nil
		}
		tried = append(tried, err)
	}
	return "", fmt.Errorf("make a directory for sockets: %w", errors.Join(tried...))
}
