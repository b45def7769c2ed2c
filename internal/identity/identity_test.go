package identity_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/identity"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

func TestCgroup(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for _, tt := range []struct{ name, text, unit, container string }{
		{"ok service", "0::/system.slice/nginx.service\n", "nginx.service", ""},
		{"ok template", "0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n", "postgresql@15-main.service", ""},
		{"ok session", "0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope", ""},
		{"ok version 1", "12:pids:/x\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service", ""},
		{"ok docker", "0::/system.slice/docker-" + id + ".scope\n", "", id},
		{"ok docker with systemd inside", "0::/system.slice/docker-" + id + ".scope/init.scope\n", "", id},
		{"ok docker without systemd", "0::/docker/" + id + "\n", "", id},
		{"ok kubernetes", "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-" + id + ".scope\n", "", id},
		{"ok kubernetes without systemd", "0::/kubepods/burstable/pod1-2/" + id + "\n", "", id},
		{"ok podman", "0::/machine.slice/libpod-" + id + ".scope/container\n", "", id},
		{"ok nspawn", "0::/machine.slice/machine-web\\x2done.scope/payload\n", "", "web-one"},
		{"ok lxc", "0::/lxc.payload.web/system.slice/x.service\n", "", "web"},
		{"ok root", "0::/\n", "", ""},
		{"ok nothing", "", "", ""},
		{"bad unit forged by a user", "0::/user.slice/user-1000.slice/user@1000.service/nginx.service\n", "user@1000.service", ""},
		{"bad container forged by a user", "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + id + ".scope\n", "user@1000.service", ""},
		{"bad unit below a service", "0::/system.slice/a.service/b.service\n", "a.service", ""},
		{"bad line", "nonsense\n", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			unit, container := identity.Cgroup(tt.text)
			if unit != tt.unit || container != tt.container {
				t.Errorf("(-want +got):\n-%q %q\n+%q %q", tt.unit, tt.container, unit, container)
			}
		})
	}
}

func TestScript(t *testing.T) {
	for _, tt := range []struct {
		name, exe string
		argv      []string
		want      string
	}{
		{"ok", "/usr/bin/python3.11", []string{"python3", "a.py", "-x"}, "a.py"},
		{"ok options", "/usr/bin/python3.11", []string{"python3", "-B", "-W", "error", "/srv/a.py"}, "/srv/a.py"},
		{"ok end of options", "/usr/bin/perl", []string{"perl", "-w", "--", "-odd"}, "-odd"},
		{"ok no interpreter", "/usr/bin/nginx", []string{"nginx", "a.py"}, ""},
		{"ok text", "/usr/bin/python3.11", []string{"python3", "-c", "print()"}, ""},
		{"ok module", "/usr/bin/python3.11", []string{"python3", "-m", "http.server"}, ""},
		{"ok shell", "/usr/bin/dash", []string{"/bin/sh", "/etc/init.d/x"}, "/etc/init.d/x"},
		{"bad empty", "/usr/bin/dash", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := identity.Script(tt.exe, tt.argv); got != tt.want {
				t.Errorf("(-want +got):\n-%q\n+%q", tt.want, got)
			}
		})
	}
}

func TestReadSelf(t *testing.T) {
	a, err := identity.Read(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if a.PID != os.Getpid() || a.UID != os.Geteuid() || a.Exe != exe || a.Script != "" {
		t.Errorf("got %+v", a)
	}
}

func TestReadScript(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "waits.sh")
	if err := os.WriteFile(path, []byte("echo here\nread line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "waits.sh")
	cmd.Dir = dir
	p := testutil.Start(t, cmd)
	p.WaitOutput("here")
	a, err := identity.Read(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	if a.Script != path {
		t.Errorf("script (-want +got):\n-%s\n+%s", path, a.Script)
	}
	below, err := identity.Descends(p.PID(), os.Getpid())
	if err != nil || !below {
		t.Errorf("Descends: %v, %v", below, err)
	}
	if above, err := identity.Descends(os.Getpid(), p.PID()); err != nil || above {
		t.Errorf("Descends upside down: %v, %v", above, err)
	}
}

func TestReadGone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Read(cmd.Process.Pid); err == nil {
		t.Error("no error for a process that has ended")
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("1 (a) b) S 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23")
	f.Fuzz(func(t *testing.T, name string) {
		// Whatever a process calls itself, the fields behind are found.
		text := "7 (" + name + ") S 5 " + strings.TrimSpace(strings.Repeat("1 ", 17)) + " 99 1"
		s, err := identity.ParseStat(text)
		if err != nil || s.Parent != 5 || s.Start != 99 {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	})
}

// FuzzCgroup checks that no text makes something below a user's own unit a unit or container.
func FuzzCgroup(f *testing.F) {
	f.Add("nginx.service")
	f.Fuzz(func(t *testing.T, below string) {
		if strings.Contains(below, "\n") {
			t.Skip()
		}
		unit, container := identity.Cgroup("0::/user.slice/user-" + strconv.Itoa(1000) + ".slice/user@1000.service/" + below + "\n")
		if unit != "user@1000.service" || container != "" {
			t.Errorf("%q gave %q and %q", below, unit, container)
		}
	})
}

// TestForeignMount runs a program under the path of another in a mount namespace, as any user with a user namespace can.
func TestForeignMount(t *testing.T) {
	testutil.Require(t, testutil.Program("unshare"), testutil.UserNamespaces())
	cmd := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount --bind /bin/cat /bin/sleep && exec /bin/sleep")
	p := testutil.Start(t, cmd)
	p.Send("here\n")
	p.WaitOutput("here")
	a, err := identity.Read(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(a.Exe, identity.ForeignPrefix) {
		t.Errorf("a file mounted over a path by a user goes as %s", a.Exe)
	}
}
