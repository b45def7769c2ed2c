package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/launch"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
)

// generation is the processes that do the work together:
//
//   - network parses what programs and their peers send, and has no right that an ordinary user has not;
//   - keys holds private keys and signs; it may read any file, and is asked by network alone;
//   - judges asks others about certificates and runs plugins, and is asked by network alone;
//   - witness reads from /proc who programs are; it may look at other users' processes, and is asked by network alone.
//
// Each is at one end of a pair of sockets and ends when the process at the other end does, so that nothing is left of a
// generation whose network process or whose master has died.
type generation struct {
	log     *slog.Logger
	control *rpc.Client
	// failed yields the first process that ends before drain was called.
	failed chan error

	mu        sync.Mutex
	leaving   bool
	processes []*os.Process
	// network is closed when that process has ended.
	network chan struct{}
}

// The methods of the network process.
const (
	methodReady  = "ready"
	methodPing   = "ping"
	methodReload = "reload"
	methodDrain  = "drain"
)

// newGeneration starts the processes. sockets stay the caller's.
func newGeneration(log *slog.Logger, who account, sockets endpoints, stateDir string) (*generation, error) {
	g := &generation{log: log, failed: make(chan error, 1), network: make(chan struct{})}
	pairs, err := newPairs(4)
	if err != nil {
		return nil, err
	}
	defer pairs.close()
	control, keys, witness, judges := pairs[0], pairs[1], pairs[2], pairs[3]
	judgesDir, err := who.subDir(stateDir, judgesDirName)
	if err != nil {
		return nil, err
	}
	roles := []role{
		{name: RoleWitness, slack: launch.Slack, fds: []linux.FD{witness.b}, capabilities: []int{linux.CapSysPtrace}},
		{name: RoleKeys, slack: launch.Slack, fds: []linux.FD{keys.b}, capabilities: []int{linux.CapDACReadSearch}},
		{name: RoleJudges, fds: []linux.FD{judges.b}, args: []string{"--state-dir=" + judgesDir}},
		{
			name: RoleNetwork, slack: launch.Slack, fds: []linux.FD{control.b, sockets.service.fd, keys.a, witness.a, sockets.controlFD(), judges.a},
			args: []string{"--state-dir=" + stateDir, fmt.Sprintf("--own-user=%t", !who.change)}, ended: g.network,
		},
	}
	for _, r := range roles {
		if err := g.launch(r, who); err != nil {
			g.kill()
			return nil, err
		}
	}
	ours, err := linux.DupCloexec(control.a, 3)
	if err == nil {
		g.control, err = rpc.NewClient(ours)
	}
	if err != nil {
		g.kill()
		return nil, err
	}
	return g, nil
}

// launch starts one process and watches its end.
func (g *generation) launch(r role, who account) error {
	p, err := r.spawn(who)
	if err != nil {
		return fmt.Errorf("start the %s process: %w", r.name, err)
	}
	g.mu.Lock()
	g.processes = append(g.processes, p)
	g.mu.Unlock()
	go func() {
		state, err := p.Wait()
		if r.ended != nil {
			close(r.ended)
		}
		g.ended(fmt.Errorf("the %s process has ended: %w", r.name, errors.Join(err, status(state))))
	}()
	return nil
}

func status(s *os.ProcessState) error {
	if s == nil {
		return nil
	}
	return errors.New(s.String())
}

func (g *generation) ended(err error) {
	g.mu.Lock()
	leaving := g.leaving
	g.mu.Unlock()
	if leaving {
		return
	}
	select {
	case g.failed <- err:
	default:
	}
}

// call calls the network process, which may end meanwhile.
func (g *generation) call(ctx context.Context, method string) error {
	err := g.control.Call(ctx, rpc.Request{Method: method}, nil)
	if errors.Is(err, rpc.ErrGone) {
		select {
		case why := <-g.failed:
			g.failed <- why
			return why
		case <-time.After(time.Second):
		}
	}
	return err
}

func (g *generation) ready(ctx context.Context) error  { return g.call(ctx, methodReady) }
func (g *generation) ping(ctx context.Context) error   { return g.call(ctx, methodPing) }
func (g *generation) reload(ctx context.Context) error { return g.call(ctx, methodReload) }

// drainOrder bounds how long the network process may take to begin to drain.
const drainOrder = 10 * time.Second

// drain has the network process hand over and go on by itself until its last connection has ended.
func (g *generation) drain() error {
	g.mu.Lock()
	g.leaving = true
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), drainOrder)
	defer cancel()
	err := g.call(ctx, methodDrain)
	if err != nil {
		g.kill()
	}
	return err
}

// wait waits for the network process to end.
func (g *generation) wait() { <-g.network }

// kill ends all processes at once.
func (g *generation) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaving = true
	for _, p := range g.processes {
		_ = p.Kill() // one that has ended is what is wanted
	}
}

// pair is a pair of connected sockets.
type pair struct{ a, b linux.FD }

type pairs []pair

func newPairs(n int) (pairs, error) {
	var list pairs
	for range n {
		a, b, err := linux.SeqpacketPair()
		if err != nil {
			list.close()
			return nil, fmt.Errorf("socketpair: %w", err)
		}
		list = append(list, pair{a, b})
	}
	return list, nil
}

func (p pairs) close() {
	for _, one := range p {
		_, _ = one.a.Close(), one.b.Close()
	}
}
