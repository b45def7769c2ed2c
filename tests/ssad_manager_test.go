package tests

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// The daemon under a service manager: it takes the socket that is passed, and tells what becomes of it (sd_notify(3)).
func TestSsadUnderServiceManager(t *testing.T) {
	m := &machine{t: t, dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Dir(m.socket()), 0o755); err != nil {
		t.Fatal(err)
	}
	fd, err := linux.ListenSeqpacket(m.socket(), 128)
	if err != nil {
		t.Fatal(err)
	}
	passed, err := fd.File("service")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = passed.Close() }()
	// What an older unit has not made cannot always be made; programs are served all the same.
	if err := os.MkdirAll(filepath.Join(m.control(), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	told := listenNotify(t, filepath.Join(m.dir, "notify"))
	m.activate(filepath.Join(m.dir, "notify"), passed)

	told.wait("READY=1")
	m.daemon.WaitOutput(`administrators cannot ask`)
	a := m.agent(semanticsEnv(t))
	a.want("3", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 3)")
	told.wait("WATCHDOG=1")
	process(m.daemon.PID()).signal(t, linux.SIGHUP)
	told.wait("RELOADING=1\nMONOTONIC_USEC=")
	told.wait("READY=1")
	process(m.daemon.PID()).signal(t, linux.SIGTERM)
	told.wait("STOPPING=1")
	if status := m.daemon.Wait(); status != 0 {
		t.Errorf("the daemon ended with %d", status)
	}
	if _, err := os.Stat(m.socket()); err != nil {
		t.Errorf("the service manager's socket: %v", err)
	}
	a.do("t = Thread(lambda: serve_some(lab, l.getsockname(), l, 3))") // it waits in the backlog of the socket
	m.activate(filepath.Join(m.dir, "notify"), passed)
	told.wait("READY=1")
	a.want("3", "t.result()")
}

// Both sockets can be the service manager's, in any order.
func TestSsadGetsBothSockets(t *testing.T) {
	m := emptyMachine(t)
	if err := os.Mkdir(filepath.Dir(m.socket()), 0o755); err != nil {
		t.Fatal(err)
	}
	var passed []*os.File
	for _, s := range []struct {
		path string
		typ  int
	}{{m.control(), linux.SockStream}, {m.socket(), linux.SockSeqpacket}} {
		fd, err := linux.ListenUnix(s.path, s.typ, 128)
		if err != nil {
			t.Fatal(err)
		}
		f, err := fd.File(s.path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		passed = append(passed, f)
	}
	told := listenNotify(t, filepath.Join(m.dir, "notify"))
	m.activate(filepath.Join(m.dir, "notify"), passed...)
	told.wait("READY=1")
	m.agent(semanticsEnv(t)).want("3", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 3)")
	out, status := testutil.Run(t, exec.Command(ssaPath(t), "status", "--control="+m.control()), "")
	if status != 0 || !strings.Contains(out, "allowed") {
		t.Errorf("status ended with %d:\n%s", status, out)
	}
	process(m.daemon.PID()).signal(t, linux.SIGTERM)
	m.daemon.Wait()
	for _, path := range []string{m.control(), m.socket()} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the service manager's socket: %v", err)
		}
	}
}

// activate starts the daemon as a service manager does.
func (m *machine) activate(notify string, passed ...*os.File) {
	m.t.Helper()
	args := []string{"-c", "LISTEN_FDS=" + strconv.Itoa(len(passed)) + ` LISTEN_PID=$$ exec "$0" "$@"`, must(m.t, buildSSAD()), "--state-dir=" + filepath.Join(m.dir, "state"), "--control=" + m.control()}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root") // the directories of this test are root's
	}
	cmd := exec.Command("/bin/sh", args...)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify, "WATCHDOG_USEC=200000")
	cmd.ExtraFiles = passed
	m.daemon = testutil.Start(m.t, cmd)
}

// notifications are what a service tells its manager.
type notifications struct {
	t    *testing.T
	conn *net.UnixConn
}

func listenNotify(t *testing.T, path string) notifications {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return notifications{t, c}
}

// wait waits for one that begins with a text, and passes over others.
func (n notifications) wait(begins string) {
	n.t.Helper()
	_ = n.conn.SetReadDeadline(time.Now().Add(testutil.Patience))
	b := make([]byte, 4096)
	for {
		size, err := n.conn.Read(b)
		if err != nil {
			n.t.Fatalf("the service did not tell %q: %v", begins, err)
		}
		if strings.HasPrefix(string(b[:size]), begins) {
			return
		}
	}
}
