package tests

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/wire"
)

// A supervisor cannot speak for a process that is not below it, nor one user for another.
func TestSsadForgedClaims(t *testing.T) {
	testutil.Require(t, testutil.Root(), testutil.Program("setpriv"))
	m := newMachine(t)
	c, err := wire.Dial(t.Context(), wire.ClientConfig{Path: m.socket(), Wait: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	_, err = c.Admit(t.Context(), socket.App{PID: 1}, abi.Request{})
	if f := (*abi.Failure)(nil); !errors.As(err, &f) || f.Kind != abi.Forbidden {
		t.Errorf("a process that is not below the supervisor: %v", err)
	}
	m.daemon.WaitOutput(`forged claim.*process 1 is not one of supervisor`)
	for _, victim := range []string{"1", fmt.Sprint(os.Getpid())} {
		out, status := testutil.Run(t, exec.Command("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
			testutil.Python(t), "-B", "-c", forger, m.socket(), victim, fmt.Sprint(wire.Version)), "")
		if status != 0 || !strings.Contains(out, "refused 5") {
			t.Errorf("nobody speaks for process %s: %d, %s", victim, status, out)
		}
	}
	m.daemon.WaitOutput(`forged claim.*uid=65534`)
}

// forger identifies itself with the pidfd of another process: hello, identify, and the class of the failure.
const forger = `
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
def packet(kind, fds, number, payload=b""):
    return struct.pack(">BBBBQI", kind, 0, fds, 0, number, len(payload)) + payload
s.send(packet(1, 0, 0, struct.pack(">I", int(sys.argv[3]))))
s.recv(65536)
socket.send_fds(s, [packet(2, 1, 1)], [os.pidfd_open(int(sys.argv[2]))])
print("refused", s.recv(65536)[16])
`

// What nobody would send, and sockets that never say anything, cost the daemon little and others nothing.
func TestSsadHostileMessages(t *testing.T) {
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.want("5", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 5)")
	network := m.role("network")
	open := network.held(t)
	var silent []linux.FD
	for range 300 { // more than may be silent at once
		if fd, err := linux.DialSeqpacket(m.socket()); err == nil {
			silent = append(silent, fd)
		}
	}
	before := network.rss()
	for i := range 2000 {
		pester(t, m.socket(), i)
	}
	a.want("20", "serve_some(lab, l.getsockname(), l, 20)")
	for _, fd := range silent {
		_ = fd.Close()
	}
	network.settles(t, open+2)
	if after := network.rss(); after > before+64<<10 {
		t.Errorf("the daemon grew from %d to %d KB", before, after)
	}
	if m.role("").gone() {
		t.Error("the daemon has ended")
	}
}

// pester connects, may say hello, and sends rubbish with and without descriptors.
func pester(t *testing.T, path string, i int) {
	t.Helper()
	fd, err := linux.DialSeqpacket(path)
	if err != nil {
		return
	}
	defer func() { _ = fd.Close() }()
	if i%2 == 0 {
		_ = linux.SendPacket(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1}, nil)
	}
	rubbish := make([]byte, 16+i%3000)
	_, _ = rand.Read(rubbish)
	if i%3 != 0 {
		rubbish[0], rubbish[1], rubbish[3] = byte(2+i%14), byte(i/7%2), 0
		copy(rubbish[12:], []byte{0, 0, byte((len(rubbish) - 16) >> 8), byte(len(rubbish) - 16)})
	}
	rubbish[2] = byte(i % 4)
	var fds []linux.FD
	for range i % 4 {
		fds = append(fds, fd)
	}
	for range 3 {
		_ = linux.SendPacket(fd, rubbish, fds)
	}
}

// Ten thousand connections a second to the daemon's socket, and as many to a listener: it stays up, its memory stays
// bounded, and another program's connections are served meanwhile.
func TestSsadFlooded(t *testing.T) {
	m := newMachine(t)
	env := semanticsEnv(t)
	a, victim := m.agent(env), m.agent(env)
	a.want("5", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 5)")
	victim.do("v = lab.listener(backlog=4096)") // a shorter queue overflows, and the kernel itself slows the flood
	address := fmt.Sprintf("127.0.0.1:%d", victim.number("v.getsockname()[1]"))
	network := m.role("network")
	silent := make(chan net.Conn, 3000) // more than may shake hands at a time
	defer func() { hangUp(silent) }()
	for name, once := range map[string]func() bool{
		"service socket": func() bool {
			fd, err := linux.DialSeqpacket(m.socket())
			return err == nil && fd.Close() == nil
		},
		"TLS listener": func() bool {
			c, err := net.Dial("tcp", address)
			return err == nil && c.Close() == nil
		},
		"TLS listener, saying nothing": func() bool {
			c, err := net.Dial("tcp", address)
			if err != nil {
				return false
			}
			select {
			case silent <- c:
				return true
			default:
				hangUp(silent)
				return c.Close() == nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := network.rss()
			rate, peak := flood(network, once, func() { a.want("60", "serve_some(lab, l.getsockname(), l, 60)") })
			t.Logf("%.0f attempts per second; %d KB before, %d KB at most", rate, before, peak)
			if peak > before+192<<10 {
				t.Errorf("the daemon grew from %d to %d KB", before, peak)
			}
			if rate < 10000 {
				t.Logf("this machine makes fewer than 10000 attempts per second")
			}
		})
	}
	victim.want("3", "serve_some(lab, v.getsockname(), v, 3)")
	if m.role("").gone() {
		t.Error("the daemon has ended")
	}
}

// hangUp closes the connections that wait in a channel.
func hangUp(silent chan net.Conn) {
	for {
		select {
		case c := <-silent:
			_ = c.Close()
		default:
			return
		}
	}
}

// flood makes attempts as fast as it can for as long as something else takes, and gives the rate of those that succeed and
// the most memory a process had meanwhile.
func flood(p process, once func() bool, meanwhile func()) (rate float64, peak int) {
	var made atomic.Int64
	stop := make(chan struct{})
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if once() {
						made.Add(1)
					}
				}
			}
		})
	}
	begun := time.Now()
	ended := make(chan struct{})
	go func() { meanwhile(); close(ended) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-ended:
			done = true
		case <-tick.C:
			peak = max(peak, p.rss())
		}
	}
	rate = float64(made.Load()) / time.Since(begun).Seconds()
	close(stop)
	work.Wait()
	return rate, peak
}

// The private keys of programs are nowhere in the memory of the process that faces the network.
func TestSsadKeysApart(t *testing.T) {
	testutil.Require(t, testutil.Root())
	m := newMachine(t)
	a := m.agent(semanticsEnv(t))
	a.want("5", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 5)")
	pem, err := os.ReadFile(variable(a.env(t), "SSA_TEST_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	secret := secretOf(t, pem)
	if memoryHas(t, m.role("network"), secret) {
		t.Error("the network process has the private key in its memory")
	}
	if !memoryHas(t, m.role("keys"), secret) {
		t.Error("the keys process does not have the private key: this test looks in the wrong way")
	}
}
