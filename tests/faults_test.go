package tests

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// supervisorGrowth is how much more memory a supervisor may have after the second half of a test than after the
// first, in kilobytes: what a garbage collected program moves between two collections, far less than a leak.
const supervisorGrowth = 16 << 10

func TestFaultsProgramKilledInEachState(t *testing.T) { faultsRounds(t, "kill_in_each(lab, %d)", 4) }

func TestFaultsProgramExitsInEachState(t *testing.T) { faultsRounds(t, "exit_in_each(lab, %d)", 4) }

func TestFaultsProgramClosesInEachState(t *testing.T) {
	faultsRounds(t, "close_in_each(lab, %d) or []", 4)
}

// faultsRounds has the agent do something a few times and then a few times more, after which the supervisor must
// have no more descriptors, memory and goroutines than in between.
func faultsRounds(t *testing.T, format string, rounds int) {
	t.Helper()
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	before := s.held(t)
	a.want("[]", format, 1)
	s.settles(t, before)
	first := s.rss()
	a.want("[]", format, rounds)
	s.settles(t, before)
	if second := s.rss(); second > first+supervisorGrowth {
		t.Errorf("the supervisor grew from %d to %d KB", first, second)
	}
	a.want("3", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 3)")
}

func TestFaultsManyConnections(t *testing.T) {
	testutil.Require(t, testutil.Root(), testutil.Descriptors(2500))
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	a.number("raise_limit()")
	before := s.held(t)
	for range 2 {
		a.want("1000", "echo_all(lab, 1000)")
		a.want("2001", "close_all(lab)")
		s.settles(t, before)
	}
}

func TestFaultsNoDescriptorsInProgram(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	before := s.held(t)
	a.do("resource.setrlimit(resource.RLIMIT_NOFILE, (40, 4096))")
	a.do("made = []")
	a.want(`"EMFILE"`, "outcome(lambda: [made.append(lab.bare()) for _ in range(100)])")
	a.want(`"EMFILE"`, "outcome(lab.bare)")
	a.want("true", "5 < len(made) < 40")
	a.do("made.clear(); close_all(lab)")
	s.settles(t, before)
	a.want("3", "serve_some(lab, *(lambda l: (l.getsockname(), l))(lab.listener()), 3)")
}

// With no descriptors left in the supervisor new sockets fail with an errno that says so, connections made before go
// on, and nothing is lost once there are descriptors again.
func TestFaultsNoDescriptorsInSupervisor(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	a.do("l = lab.listener(); c, e = lab.connected(l); spare = lab.client()")
	s.exhaust(t)
	for _, call := range []string{"lab.bare", "lab.client", "lambda: spare.connect(l.getsockname())"} {
		got := a.do("outcome(%s)", call)
		if got != `"EMFILE"` && got != `"ENFILE"` && got != `"ENOBUFS"` {
			t.Errorf("%s without descriptors in the supervisor gave %s", call, got)
		}
	}
	a.want(`"x"`, "c.sendall(b'x') or e.recv(1).decode()")
	a.want(`"y"`, "e.sendall(b'y') or c.recv(1).decode()")
	s.limit(t, 4096)
	a.want("3", "serve_some(lab, l.getsockname(), l, 3)")
}

// A client that comes while the supervisor has no descriptors waits in the kernel and is served later. Meanwhile the
// supervisor does not spin.
func TestFaultsNoDescriptorsToAccept(t *testing.T) {
	testutil.Require(t, testutil.Root())
	env := semanticsEnv(t)
	server, client := startAgent(t, env), startAgent(t, env)
	s := server.supervisor()
	server.do("l = lab.listener()")
	port := server.number("l.getsockname()[1]")
	s.exhaust(t)
	client.do("c = lab.client(); c.setblocking(False); c.connect_ex(('127.0.0.1', %d))", port)
	ticks := s.ticks()
	client.want("0", "quiet(c, 500)")
	if used := s.ticks() - ticks; used > 25 {
		t.Errorf("the supervisor used %d ms of processor time in 500 ms while it could not accept", used*10)
	}
	s.limit(t, 4096)
	server.do("e = lab.keep(l.accept()[0]); e.sendall(b'late')")
	client.want(`"late"`, "lab.until(c, select.POLLIN) and c.recv(9).decode()")
}

func TestFaultsRandomOptions(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	before := s.held(t)
	a.do("random_options(lab, 1, 150)")
	s.settles(t, before)
	first := s.rss()
	a.do("random_options(lab, 2, 450)")
	s.settles(t, before)
	if second := s.rss(); second > first+supervisorGrowth {
		t.Errorf("the supervisor grew from %d to %d KB", first, second)
	}
	a.want("3", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 3)")
}

func TestFaultsRandomCalls(t *testing.T) {
	testutil.Require(t, testutil.Root())
	for _, threads := range []int{1, 6} {
		t.Run(fmt.Sprintf("ok in %d threads", threads), func(t *testing.T) {
			a := startAgent(t, semanticsEnv(t))
			s := a.supervisor()
			before := s.held(t)
			for range 3 {
				a.do("random_calls_in_threads(lab, %d, 2000)", threads)
			}
			s.settles(t, before)
			a.want("3", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 3)")
		})
	}
}

// Signals to the supervisor itself are not for it to obey: the program lives on, and so do its sockets.
func TestFaultsSupervisorSignalled(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	a.do("l = lab.listener(); c, e = lab.connected(l)")
	for _, n := range []linux.Signal{1, 2, 3, 10, 12, 13, 14, 15, 17, 18, 20, 21, 22, 28, 35, 64} {
		s.signal(t, n)
		a.want(`"x"`, "c.sendall(b'x') or e.recv(1).decode()")
		a.want("1", "serve_some(lab, l.getsockname(), l, 1)")
	}
}

// Clients that never finish their handshake delay nobody.
func TestFaultsSlowClients(t *testing.T) {
	a := startAgent(t, semanticsEnv(t))
	a.do("l = lab.listener(backlog=16)")
	port := a.number("l.getsockname()[1]")
	for i := range 40 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if i%2 == 0 {
			continue
		}
		if _, err := c.Write(append([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), make([]byte, 20)...)); err != nil {
			t.Fatal(err)
		}
	}
	a.want("100", "serve_some(lab, l.getsockname(), l, 100)")
}

func TestFaultsPeersThatReset(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	a.do("l = lab.listener(); reset_handshakes(l.getsockname(), 50)")
	a.want("3", "serve_some(lab, l.getsockname(), l, 3)")
	before := s.held(t)
	a.do("reset_handshakes(l.getsockname(), 300)")
	a.want("3", "serve_some(lab, l.getsockname(), l, 3)")
	s.settles(t, before)
}

// A peer that is reset by the program's end, and one that resets, many times over.
func TestFaultsConnectionsReset(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	before := s.held(t)
	a.want("true", "all(reset(lab) for _ in range(100))")
	a.do("close_all(lab)")
	s.settles(t, before)
}

// After kill -9 of the supervisor what is open reads as reset, never as a clean end, on both sides, and the program is
// ended with a message.
func TestFaultsSupervisorKilled(t *testing.T) {
	testutil.Require(t, testutil.Root())
	env := semanticsEnv(t)
	victim, peer := startAgent(t, env), startAgent(t, env)
	victim.do("l = lab.listener()")
	port := victim.number("l.getsockname()[1]")
	peer.do("c = lab.client(); c.connect(('127.0.0.1', %d))", port)
	report := filepath.Join(t.TempDir(), "report")
	victim.do("e = lab.keep(l.accept()[0]); c, s = lab.pair()")
	victim.do("watch_end([e, c, s], %q)", report)
	victim.supervisor().signal(t, linux.SIGKILL)
	peer.want(`"ECONNRESET"`, "outcome(lambda: c.recv(1))")
	if status := victim.Wait(); status == 0 {
		t.Error("`ssa run` returned 0 after its supervisor was killed")
	}
	victim.WaitOutput(`(?m)^ssa: `)
	if !eventually(func() bool { text, err := os.ReadFile(report); return err == nil && len(text) > 0 }) {
		t.Fatal("the program's connections did not end")
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if want := "ECONNRESET ECONNRESET ECONNRESET"; string(text) != want {
		t.Errorf("the program's connections ended with %s, want %s", text, want)
	}
}

// A listener closed in the middle of handshakes, and one with finished connections that nobody accepts.
func TestFaultsListenerClosedUnderClients(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	before := s.held(t)
	for range 10 {
		a.do("l = lab.listener()")
		port := a.number("l.getsockname()[1]")
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		a.do("[lab.client().connect(l.getsockname()) for _ in range(5)]")
		a.do("l.close()")
		if n, err := io.Copy(io.Discard, c); err == nil && n > 0 {
			t.Errorf("a client in its handshake got %d bytes after the listener was closed", n)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		a.do("close_all(lab)")
	}
	s.settles(t, before)
}
