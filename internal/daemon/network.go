package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/internal/audit"
	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/keys/agent"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/verify"
	"github.com/securesocketapi/ssa/internal/verify/pins"
	"github.com/securesocketapi/ssa/internal/wire"
	"github.com/securesocketapi/ssa/internal/witness"
)

// threadsMax is how many threads the process may have. None waits for a socket; whoever shares one with the service can
// have a few wait for a moment.
const threadsMax = 30000

// NetworkConfig is what the process is started with.
type NetworkConfig struct {
	StateDir string
	// OwnUser says that the daemon was not started by root, and may be controlled by the user it runs as.
	OwnUser bool
	// Meter makes what counts decisions.
	Meter  func(Figures) Meter
	Logger *slog.Logger
}

// Network is the process that parses what programs and their peers send.
type Network struct {
	log       *slog.Logger
	stateDir  string
	own       bool
	inForce   atomic.Pointer[running]
	keys      *rpc.Client
	witness   *rpc.Client
	judges    *rpc.Client
	listening *os.File
	kept      *keptSessions
	service   *service.Service
	server    *wire.Server
	audit     *audit.Log
	meter     Meter
	started   time.Time
	// controls is the socket for administrators.
	controls net.Listener
	// reloading is held while the policy is read; problem is why the last attempt changed nothing.
	reloading sync.Mutex
	problem   atomic.Pointer[string]

	// up is closed when it serves, or cannot; broken is then why.
	up     chan struct{}
	broken error
	drain  func()
	// left is closed when draining has begun.
	left chan struct{}
}

// RunNetwork is the process: its descriptors are the master's control, the listening socket, and the two processes it
// asks. It returns when the last connection has ended after drain, or at once when another process of its generation
// has ended.
func RunNetwork(ctx context.Context, c NetworkConfig) error {
	TuneGC()
	n := &Network{log: c.Logger, stateDir: c.StateDir, own: c.OwnUser, started: time.Now(), up: make(chan struct{}), left: make(chan struct{})}
	n.meter = c.Meter(n)
	n.drain = sync.OnceFunc(func() { close(n.left) })
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go n.obey(ctx, cancel)
	go n.terminate(cancel)
	n.broken = n.setUp(c.StateDir)
	defer n.closeAudit()
	close(n.up)
	if n.broken != nil {
		<-ctx.Done() // the master has the error by then
		return n.broken
	}
	go n.watch(cancel)
	go n.kept.expire(ctx)
	go n.reconsider(ctx)
	return n.serve(ctx)
}

// obey answers the master. When that ends without having asked to drain, so does this process.
func (n *Network) obey(ctx context.Context, cancel context.CancelCauseFunc) {
	err := rpc.Serve(ctx, linux.FD(firstFD), n.answer)
	select {
	case <-n.left:
	default:
		cancel(errors.Join(errors.New("the master has ended"), err))
	}
}

func (n *Network) answer(ctx context.Context, c *rpc.Call) (any, error) {
	<-n.up
	if n.broken != nil {
		return nil, n.broken
	}
	switch c.Method {
	case methodReady, methodPing:
		return nil, nil
	case methodReload:
		_, err := n.Reload(ctx, false)
		return nil, err
	case methodDrain:
		n.drain()
		return nil, nil
	}
	return nil, fmt.Errorf("there is no method %.40q", c.Method)
}

// impatience is how long after the order to drain a signal to end is a second one.
const impatience = 2 * time.Second

// terminate ends draining when somebody asks for the end again, as at the shutdown of the machine.
func (n *Network) terminate(cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, linux.SIGTERM, linux.SIGINT)
	signal.Ignore(linux.SIGHUP, linux.SIGUSR2) // they are the master's
	<-n.left
	begun := time.Now()
	for range signals {
		if time.Since(begun) > impatience {
			cancel(errors.New("told to end while connections were established"))
		}
	}
}

// watch ends this process with the processes it asks.
func (n *Network) watch(cancel context.CancelCauseFunc) {
	select {
	case <-n.keys.Gone():
		cancel(errors.New("the keys process has ended"))
	case <-n.witness.Gone():
		cancel(errors.New("the witness process has ended"))
	case <-n.judges.Gone():
		cancel(errors.New("the judges process has ended"))
	}
}

// setUp makes everything and gives up what is not needed for serving.
func (n *Network) setUp(stateDir string) (err error) {
	if err := linux.NotDumpable(); err != nil {
		return err
	}
	debug.SetMaxThreads(threadsMax)
	if n.listening, err = linux.FD(firstFD + 1).File("service"); err != nil {
		return err
	}
	if n.keys, err = rpc.NewClient(firstFD + 2); err != nil {
		return err
	}
	if n.witness, err = rpc.NewClient(firstFD + 3); err != nil {
		return err
	}
	if n.judges, err = rpc.NewClient(firstFD + 5); err != nil {
		return err
	}
	limits, err := machineLimits()
	if err != nil {
		return err
	}
	proofs, err := stateKey(stateDir, identityKey)
	if err != nil {
		return err
	}
	if err := n.firstPolicy(); err != nil {
		return err
	}
	if n.kept, err = openSessions(stateDir, n.policy(), n.log); err != nil {
		return err
	}
	if err := confine(n.log, append(n.kept.directories(), stateDir)...); err != nil {
		return err
	}
	if n.audit, err = audit.Open(audit.Config{Path: filepath.Join(stateDir, auditFile), Logger: n.log}); err != nil {
		return err
	}
	held := agent.NewClient(n.keys)
	n.service = service.New(service.Config{
		Logger: n.log, Policy: n.policy, Open: config.Open, Signer: held.Signer,
		Files: held, Record: n.note, ClientSessions: n.kept.clientStore(), TicketKeys: n.kept.ticketStore(),
		Judge: judges.NewClient(n.judges).Judge, Kept: pins.NewStore(stateDir), Additions: verify.Additions,
	})
	n.server = wire.NewServer(wire.ServerConfig{
		Service: n.service, Witness: witness.NewClient(n.witness), Keys: held, ProofKey: proofs, Limits: limits, Record: n.note,
		Logger: n.log,
	})
	return n.openControl()
}

// machineLimits are the limits for this machine's memory and this process's descriptors.
func machineLimits() (wire.Limits, error) {
	files, err := linux.RaiseDescriptors()
	if err != nil {
		return wire.Limits{}, fmt.Errorf("raise the limit of descriptors: %w", err)
	}
	memory, err := linux.MemoryTotal()
	if err != nil {
		return wire.Limits{}, err
	}
	return wire.DefaultLimits(memory, files), nil
}

// serve accepts supervisors until drain, and then waits for what is established.
func (n *Network) serve(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- n.server.Serve(n.listening) }()
	endControl := n.serveControl(n.controls, n.own)
	defer endControl()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-served:
		return fmt.Errorf("accept supervisors: %w", err)
	case <-n.left:
	}
	_ = n.listening.Close()
	endControl() // the successor answers
	defer n.controlAside()()
	n.log.Debug("accepting has ended", "why", <-served)
	n.log.Info("draining", "connections", n.server.Conns())
	if err := n.server.Drain(ctx); err != nil {
		return err
	}
	n.server.Close()
	n.log.Info("drained")
	return n.service.Close(ctx)
}
