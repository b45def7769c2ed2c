package daemon

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestConfined tries, in a process that is confined for good, what it may and what it may not.
func TestConfined(t *testing.T) {
	testutil.Require(t, testutil.Landlock())
	if own := os.Getenv("SSA_TEST_CONFINED"); own != "" {
		attempts(t, own, os.Getenv("SSA_TEST_ELSEWHERE"))
		return
	}
	own, elsewhere := t.TempDir(), t.TempDir()
	for _, dir := range []string{own, elsewhere} {
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestConfined$", "-test.v")
	cmd.Env = append(os.Environ(), "SSA_TEST_CONFINED="+own, "SSA_TEST_ELSEWHERE="+elsewhere)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func attempts(t *testing.T, own, elsewhere string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := confine(slog.New(slog.DiscardHandler), own); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		do   func() error
	}{
		{"ok read elsewhere", func() error { return readIt(filepath.Join(elsewhere, "file")) }},
		{"ok write", func() error { return os.WriteFile(filepath.Join(own, "file"), nil, 0o600) }},
		{"ok make, rename, remove", func() error {
			from, to := filepath.Join(own, "from"), filepath.Join(own, "to")
			return errors.Join(os.WriteFile(from, nil, 0o600), os.Rename(from, to), os.Remove(to))
		}},
		{"ok make a directory", func() error { return os.Mkdir(filepath.Join(own, "below"), 0o700) }},
		{"ok listen on a Unix socket", func() error { return listenOn("unix", filepath.Join(own, "socket")) }},

		{"bad write elsewhere", func() error { return os.WriteFile(filepath.Join(elsewhere, "file"), nil, 0o600) }},
		{"bad make elsewhere", func() error { return os.WriteFile(filepath.Join(elsewhere, "new"), nil, 0o600) }},
		{"bad remove elsewhere", func() error { return os.Remove(filepath.Join(elsewhere, "file")) }},
		{"bad move elsewhere", func() error { return os.Rename(filepath.Join(own, "file"), filepath.Join(elsewhere, "moved")) }},
		{"bad link", func() error { return os.Symlink("/", filepath.Join(own, "link")) }},
		{"bad execute", func() error { return exec.Command("/bin/true").Run() }},
		{"bad execute what it has written", func() error {
			path := filepath.Join(own, "program")
			return errors.Join(os.WriteFile(path, []byte("#!/bin/true\n"), 0o700), exec.Command(path).Run())
		}},
		{"bad connect", func() error { return dialTo(l.Addr().String()) }},
		{"bad listen", func() error { return listenOn("tcp", "127.0.0.1:0") }},
		{"bad datagrams", func() error { return datagrams("127.0.0.1:0") }},
		{"bad write to the terminal", func() error { return os.WriteFile("/dev/null", nil, 0o600) }},
	} {
		err := tt.do()
		if tt.name[:2] == "ok" && err != nil || tt.name[:3] == "bad" && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func readIt(path string) error {
	_, err := os.ReadFile(path)
	return err
}

func listenOn(network, address string) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	return l.Close()
}

func datagrams(address string) error {
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	return c.Close()
}

func dialTo(address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}
