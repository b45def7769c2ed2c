package tests

import (
	"net"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
)

// After kill -9 of the daemon no program is killed and nothing hangs: what was established reads as reset on both sides,
// a connect under way fails with errno and text, and sockets and listeners work again once the daemon is back.
func TestSsadKilled(t *testing.T) {
	m := newMachine(t)
	env := semanticsEnv(t)
	a, peer := m.agent(env), startAgent(t, env)
	a.do("l = lab.listener(); c, e = lab.pair(); waiting = lab.keep(lab.client())")
	port := a.number("l.getsockname()[1]")
	peer.do("p = lab.client(); p.connect(('127.0.0.1', %d))", port)
	a.do("s = lab.keep(l.accept()[0]); s.sendall(b'x')")
	peer.want(`"x"`, "p.recv(1).decode()")

	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	a.do("t = Thread(outcome, lambda: waiting.connect(('127.0.0.1', %d)))", silent.Addr().(*net.TCPAddr).Port)
	hung, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hung.Close() }()
	if _, err := hung.Read(make([]byte, 1)); err != nil { // its ClientHello
		t.Fatal(err)
	}

	m.daemon.Kill()
	for _, name := range []string{"c", "e", "s"} {
		a.want(`"ECONNRESET"`, "outcome(lambda: %s.recv(1))", name)
	}
	peer.want(`"ECONNRESET"`, "outcome(lambda: p.recv(1))")
	a.want(`"ECONNRESET"`, "t.result()")
	if text := a.do("tls_error(waiting)"); !strings.Contains(text, "TLS service has ended") {
		t.Errorf("TLS_ERROR of the connect: %s", text)
	}
	if text := a.do("tls_error(c)"); !strings.Contains(text, "TLS service has ended") {
		t.Errorf("TLS_ERROR of the connection: %s", text)
	}

	m.start()
	a.want("20", "n = lab.listener(); serve_some(lab, n.getsockname(), n, 20)")
	a.want("20", "serve_some(lab, l.getsockname(), l, 20)")
	peer.do("p = lab.client(); p.connect(('127.0.0.1', %d))", port)
	a.do("s = lab.keep(l.accept()[0])")
}

// A program that waits in accept while the daemon is killed and comes back gets the next connection; one that polls the
// listener does too.
func TestSsadKilledDuringAccept(t *testing.T) {
	m := newMachine(t)
	env := semanticsEnv(t)
	a, peer := m.agent(env), startAgent(t, env)
	a.do("l, polled = lab.listener(), lab.listener()")
	ports := []int{a.number("l.getsockname()[1]"), a.number("polled.getsockname()[1]")}
	a.do("t = Thread(lambda: lab.keep(l.accept()[0]).recv(9).decode())")
	m.daemon.Kill()
	m.start()
	for i, port := range ports {
		peer.do("p%d = lab.keep(lab.client()); p%d.connect(('127.0.0.1', %d)); p%d.sendall(b'hello')", i, i, port, i)
	}
	a.want(`"hello"`, "t.result()")
	a.want(`true`, "bool(select.select([polled], [], [], 30)[0])")
	a.want(`"hello"`, "lab.keep(polled.accept()[0]).recv(9).decode()")
}

// A call made while there is no daemon waits for it.
func TestSsadComesBack(t *testing.T) {
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.do("l = lab.listener()")
	m.daemon.Kill()
	a.do("t = Thread(lambda: serve_some(lab, l.getsockname(), l, 3))")
	m.start()
	a.want("3", "t.result()")
}

// Without a daemon calls fail in bounded time, and say why.
func TestSsadStaysAway(t *testing.T) {
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.do("s = lab.bare()")
	m.daemon.Kill()
	a.want(`"ENOBUFS"`, "outcome(lambda: s.setsockopt(IPPROTO_TLS, 85, b'localhost'))")
	if text := a.do("tls_error(s)"); !strings.Contains(text, "does not answer") || !strings.Contains(text, "is ssad running?") {
		t.Errorf("TLS_ERROR: %s", text)
	}
}

// SIGTERM lets what is established go on while the next daemon serves all else, and the old one ends with its last
// connection.
func TestSsadTerminated(t *testing.T) {
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.do("l = lab.listener(); c, e = lab.pair()")
	old := m.role("network")
	m.role("").signal(t, linux.SIGTERM)
	if status := m.daemon.Wait(); status != 0 {
		t.Errorf("the daemon ended with %d", status)
	}
	a.want(`"x"`, "c.sendall(b'x') or e.recv(1).decode()")
	m.start()
	a.want(`"y"`, "e.sendall(b'y') or c.recv(1).decode()")
	a.want("20", "serve_some(lab, l.getsockname(), l, 20)")
	a.want("20", "n = lab.listener(); serve_some(lab, n.getsockname(), n, 20)")
	if old.gone() {
		t.Error("the old process has ended before its connection")
	}
	a.want(`""`, "c.close() or e.recv(1).decode()")
	a.do("e.close()")
	gone(t, old)
	a.want("5", "serve_some(lab, l.getsockname(), l, 5)")
}

// A second signal ends what drains, as at the shutdown of the machine.
func TestSsadTerminatedTwice(t *testing.T) {
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.do("l = lab.listener(); c, e = lab.pair()")
	old := m.role("network")
	m.role("").signal(t, linux.SIGTERM)
	m.daemon.Wait()
	if !eventually(func() bool { old.signal(t, linux.SIGTERM); return old.gone() }) {
		t.Error("the old process goes on")
	}
	a.want(`"ECONNRESET"`, "outcome(lambda: c.recv(1))")
}

// SIGUSR2 replaces the processes that do the work, many times over, while programs connect.
func TestSsadUpgraded(t *testing.T) {
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.do("l = lab.listener(); c, e = lab.pair()")
	a.do("t = Thread(lambda: serve_some(lab, l.getsockname(), l, 300))")
	first := m.role("network")
	for range 3 {
		before := len(children(m.role("")))
		m.role("").signal(t, linux.SIGUSR2)
		if !eventually(func() bool {
			return strings.Count(m.daemon.Output(), "a successor serves") > 0 && len(children(m.role(""))) != before
		}) {
			t.Fatal("no successor")
		}
	}
	a.want("300", "t.result()")
	a.want(`"x"`, "c.sendall(b'x') or e.recv(1).decode()")
	a.do("close_all(lab)")
	gone(t, first)
}

func TestSsadReloads(t *testing.T) {
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.do("l = lab.listener(); c, e = lab.pair()")
	m.role("").signal(t, linux.SIGHUP)
	m.daemon.WaitOutput(`msg=reloaded`)
	a.want(`"x"`, "c.sendall(b'x') or e.recv(1).decode()")
	a.want("5", "serve_some(lab, l.getsockname(), l, 5)")
}
