package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/control"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Names below the state directory.
const (
	// auditFile is the audit log.
	auditFile = "audit.jsonl"
	// asideDir has a socket for each process that drains, named by its number.
	asideDir = "draining"
)

var _ control.Daemon = (*Network)(nil)

// openControl takes over the socket for administrators.
func (n *Network) openControl() error {
	f, err := linux.FD(firstFD + 4).File("control")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if k, err := linux.KindOf(linux.FD(firstFD + 4)); err != nil || k.Type != linux.SockStream {
		return err // there is none
	}
	if n.controls, err = net.FileListener(f); err != nil {
		return fmt.Errorf("take over the control socket: %w", err)
	}
	return nil
}

// serveControl begins to answer on a socket, and gives the way to end it. own is whether the daemon's own user may ask
// for everything.
func (n *Network) serveControl(l net.Listener, own bool) (end func()) {
	if l == nil {
		return func() {}
	}
	s := control.New(control.Config{Daemon: n, Audit: n.audit, Metrics: n.meter.Handler(), Siblings: n.siblings, Own: own, Logger: n.log})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); err != nil {
			n.log.Error("the control socket is not served any more", "error", err)
		}
	}()
	return sync.OnceFunc(func() {
		_ = s.Close()
		<-done
	})
}

// controlAside leaves the socket for administrators to the successor, and answers that on a socket of its own.
func (n *Network) controlAside() (end func()) {
	dir := filepath.Join(n.stateDir, asideDir)
	path := filepath.Join(dir, strconv.Itoa(os.Getpid())+".sock")
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		err = nil
	}
	_ = os.Remove(path) // of a process that had the number before
	var l net.Listener
	if err == nil {
		l, err = net.Listen("unix", path)
	}
	if err != nil {
		n.log.Warn("the connections that drain cannot be shown", "error", err)
		return func() {}
	}
	return n.serveControl(l, true)
}

// siblings are the sockets of processes that drain. What is left of one that was killed is removed.
func (n *Network) siblings() (list []string) {
	paths, _ := filepath.Glob(filepath.Join(n.stateDir, asideDir, "*.sock"))
	for _, path := range paths {
		if filepath.Base(path) == strconv.Itoa(os.Getpid())+".sock" {
			continue
		}
		fd, err := linux.DialUnix(path, linux.SockStream)
		if errors.Is(err, linux.ECONNREFUSED) {
			_ = os.Remove(path)
			continue
		}
		_ = fd.Close()
		list = append(list, path)
	}
	return list
}

// Status implements control.Daemon.
func (n *Network) Status() api.Status {
	r := n.inForce.Load()
	s := api.Status{
		Version: Version(), PID: os.Getpid(), Started: n.started, Conns: len(n.service.Conns()), Listeners: n.service.Listeners(),
		Policy: api.PolicyStatus{Files: append([]string{}, r.files...), Profiles: len(r.policy.Profiles()), Loaded: r.loaded},
	}
	if why := n.problem.Load(); why != nil {
		s.Policy.Problem = *why
	}
	return s
}

// Version is the version of this program.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}

// Conns implements control.Daemon.
func (n *Network) Conns() []api.Conn { return n.service.Conns() }

// A Meter counts decisions. What does it is large, and only the daemon needs it.
type Meter interface {
	Observe(r api.Record)
	Handler() http.Handler
}

// Figures are what a Meter asks for.
type Figures interface {
	Conns() []api.Conn
	Listeners() int
	// Lost is how many records are missing in the file of the audit log.
	Lost() uint64
}

// Listeners implements Figures.
func (n *Network) Listeners() int { return n.service.Listeners() }

// Lost implements Figures.
func (n *Network) Lost() uint64 { return n.audit.Status().Lost }

// note keeps a record and counts it.
func (n *Network) note(r api.Record) {
	n.audit.Record(r)
	n.meter.Observe(r)
}

func (n *Network) closeAudit() {
	if n.audit != nil {
		_ = n.audit.Close() // it is open
	}
}
