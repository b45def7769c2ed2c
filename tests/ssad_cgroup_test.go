package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// Profiles are for a systemd unit or a container, which the kernel's control groups tell the daemon: with groups such as
// systemd and container managers make, and with such as an ordinary user may make to look like them.
func TestSsadProfileOfCgroup(t *testing.T) {
	testutil.Require(t, testutil.Root())
	id := strings.Repeat("0123456789abcdef", 4)
	p := newPKI(t)
	server := testutil.OpenSSLServer(t, p.server, "-rev")
	m := newMachineWith(t, "[profile.unit]\nmatch = { unit = \"ssatest@*.service\" }\nversions = [\"TLS1.2\"]\n"+
		"[profile.container]\nmatch = { container = \"0123456789abcdef*\" }\nversions = [\"TLS1.2\"]\n")
	groups := mountCgroups(t)
	for _, tt := range []struct {
		name, group string
		want        int
	}{
		{"ok unit", "system.slice/ssatest@1.service", abi.VersionTLS12},
		{"ok below the unit", "system.slice/ssatest@1.service/worker", abi.VersionTLS12},
		{"ok other unit", "system.slice/ssaother.service", abi.VersionTLS13},
		{"ok container", "system.slice/docker-" + id + ".scope", abi.VersionTLS12},
		{"ok container without systemd", "docker/" + id, abi.VersionTLS12},
		{"bad unit made by a user", "user.slice/user-1000.slice/user@1000.service/ssatest@1.service", abi.VersionTLS13},
		{"bad container made by a user", "user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope", abi.VersionTLS13},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := drive(t, groups.within(t, tt.group, m.run(testutil.Python(t), "-B", "programs/python/sockdrv.py")))
			d.open("s", p, server.Addr.Port())
			if got := d.must("get", "s", abi.TLSChosenVersion, 4).number(); got != tt.want {
				t.Errorf("version: got %#x, want %#x", got, tt.want)
			}
		})
	}
}

// cgroups is where the control groups of the machine are mounted, for a test.
type cgroups string

func mountCgroups(t *testing.T) cgroups {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "cgroup2", "none", dir).CombinedOutput(); err != nil {
		t.Fatalf("mount control groups: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("unmount control groups: %v\n%s", err, out)
		}
	})
	return cgroups(dir)
}

// within has a command run in a control group, which goes when the test ends.
func (c cgroups) within(t *testing.T, group string, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	var made []string
	for path := string(c); ; {
		name, rest, more := strings.Cut(group, "/")
		path, group = filepath.Join(path, name), rest
		if err := os.Mkdir(path, 0o755); err == nil {
			made = append([]string{path}, made...)
		} else if !os.IsExist(err) {
			t.Fatal(err)
		}
		if !more {
			t.Cleanup(func() {
				if !eventually(func() bool { return removeAll(&made) }) {
					t.Errorf("control groups are still in use: %v", made)
				}
			})
			return exec.Command("/bin/sh", append([]string{"-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, path}, cmd.Args...)...)
		}
	}
}

// removeAll removes directories, the innermost first; false says that one is in use.
func removeAll(paths *[]string) bool {
	for len(*paths) > 0 {
		if err := os.Remove((*paths)[0]); err != nil && !os.IsNotExist(err) {
			return false
		}
		*paths = (*paths)[1:]
	}
	return true
}
