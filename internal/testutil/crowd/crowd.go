// Package crowd holds idle connections through a TLS service, for tests of what each of them costs.
package crowd

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A Crowd is idle connections of two programs, a client and a server, with the same service. They live until the test
// ends, or Leave.
type Crowd struct {
	t        *testing.T
	service  socket.Service
	listener socket.Listener
	addr     netip.AddrPort
	request  abi.Request
	// programs are the programs' ends, without a place in Go's poller: it would need memory too. conns are what a
	// supervisor holds.
	programs []linux.FD
	conns    []socket.Conn
}

// New makes a crowd of nobody, which has room for n pairs.
func New(t *testing.T, s socket.Service, n int) *Crowd {
	t.Helper()
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.test"}})
	anchors, err := os.ReadFile(ca.Path)
	if err != nil {
		t.Fatal(err)
	}
	reuse := false
	c := &Crowd{
		t: t, service: s, programs: make([]linux.FD, 0, 2*n), conns: make([]socket.Conn, 0, 2*n),
		request: abi.Request{RemoteHostname: "a.test", TrustAnchors: anchors, SessionReuse: &reuse},
	}
	f := c.listen()
	own := abi.Request{Credentials: []abi.Credential{{Chain: leaf.ChainPEM, Key: leaf.KeyPEM}}}
	c.listener, err = s.Listen(t.Context(), socket.Listen{App: app("server"), Request: own, Network: f, Local: c.addr, Backlog: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Leave(); _ = c.listener.Close() })
	return c
}

// listen makes a listening socket, of TCP alone as a supervisor's are.
func (c *Crowd) listen() *os.File {
	c.t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	l, err := config.Listen(c.t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c.addr = testutil.AddrPort(l)
	tcp, _ := l.(*net.TCPListener)
	f, err := tcp.File()
	if err != nil {
		c.t.Fatal(err)
	}
	return f
}

func app(name string) socket.App {
	return socket.App{PID: os.Getpid(), UID: os.Getuid(), Exe: "/usr/bin/" + name}
}

// Join adds n pairs, each of which has moved a byte each way.
func (c *Crowd) Join(n int) {
	c.t.Helper()
	for range n {
		client, server := c.meet()
		x, y := c.seat(client), c.seat(server)
		c.move(x, y)
		c.move(y, x)
	}
}

// meet makes a connection and gives both ends.
func (c *Crowd) meet() (client, server socket.Conn) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), testutil.Patience)
	defer cancel()
	client = c.dial(ctx)
	server, err := c.listener.Accept(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	return client, server
}

func (c *Crowd) dial(ctx context.Context) socket.Conn {
	c.t.Helper()
	tcp, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(c.addr))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	f, err := tcp.File()
	if err != nil {
		c.t.Fatal(err)
	}
	conn, err := c.service.Connect(ctx, socket.Dial{App: app("client"), Request: c.request, Network: f, Remote: c.addr, ID: 7})
	if err != nil {
		c.t.Fatal(err)
	}
	return conn
}

// seat starts a connection and gives the program's end.
func (c *Crowd) seat(conn socket.Conn) linux.FD {
	c.t.Helper()
	program, far, err := linux.SocketPair()
	if err != nil {
		c.t.Fatal(err)
	}
	c.programs, c.conns = append(c.programs, program), append(c.conns, conn)
	if _, err = linux.Send(program, []byte{0}); err != nil {
		c.t.Fatal(err)
	}
	conn.Start(far, 1)
	return program
}

// move sends a byte and waits for it.
func (c *Crowd) move(from, to linux.FD) {
	c.t.Helper()
	var b [1]byte
	_, err := linux.Send(from, b[:])
	if err == nil {
		_, err = linux.Poll(to, linux.PollIn, int(testutil.Patience.Milliseconds()))
	}
	if err == nil {
		_, err = linux.Read(to, b[:])
	}
	if err != nil {
		c.t.Fatalf("move a byte: %v", err)
	}
}

// Leave closes the programs' ends and waits for the connections to end.
func (c *Crowd) Leave() {
	for _, fd := range c.programs {
		_ = fd.Close()
	}
	for _, conn := range c.conns {
		over := make(chan struct{})
		conn.AfterEnd(func() { close(over) })
		<-over
	}
	c.programs, c.conns = nil, nil
}

// A Cost is what a process has at a time: bytes of live heap and of stacks, and goroutines. None of it depends on when
// the collector ran last.
type Cost struct{ Heap, Stacks, Goroutines float64 }

// collections let finalizers and pools give up what they hold, and stacks shrink to what is in use: each halves them.
const collections = 6

// Now is the cost of this process.
func Now() Cost {
	for range collections {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Cost{float64(m.HeapAlloc), float64(m.StackInuse), float64(runtime.NumGoroutine())}
}

// Since is what has come on top of before, for each of n.
func (c Cost) Since(before Cost, n int) Cost {
	x := float64(n)
	return Cost{(c.Heap - before.Heap) / x, (c.Stacks - before.Stacks) / x, (c.Goroutines - before.Goroutines) / x}
}
