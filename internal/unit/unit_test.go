package unit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/unit"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// root makes a root directory with unit files; a text "-> TARGET" is a link.
func root(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		target, link := strings.CutPrefix(text, "-> ")
		err := error(nil)
		if link {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// starts are the lines of a drop-in that matter: those of [Service] that are no comments.
func starts(text string) string {
	_, text, _ = strings.Cut(text, "[Service]\n")
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

const lib, etc = "usr/lib/systemd/system/", "etc/systemd/system/"

func TestDropIn(t *testing.T) {
	for _, tt := range []struct {
		name  string
		unit  string
		files map[string]string
		want  string
	}{
		{"ok simple", "a.service", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a -x \"b c\" $D %i\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a -x \"b c\" $D %i"},
		{"ok prefixes and lines", "a.service", map[string]string{lib + "a.service": "[Service]\nType=oneshot\nExecStart=-/bin/a\nExecStart = +:/bin/b\nExecStart=!!/bin/c\n"},
			"ExecStart=\nExecStart=-/usr/bin/ssa run -- /bin/a\nExecStart=+:/usr/bin/ssa run -- /bin/b\nExecStart=!!/usr/bin/ssa run -- /bin/c"},
		{"ok continued", "a.service", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a \\\n# no\n; no\n  -x \\\n  -y\nRestart=always\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a -x -y"},
		{"ok other sections and comments", "a.service", map[string]string{lib + "a.service": "[Unit]\nExecStart=/no\n[Service]\n#ExecStart=/no\nExecStartPre=/no\nExecStart=/bin/a\n[Install]\nExecStart=/no\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a"},
		{"ok a drop-in replaces", "a.service", map[string]string{
			lib + "a.service": "[Service]\nExecStart=/bin/a\n", etc + "a.service.d/10.conf": "[Service]\nExecStart=\nExecStart=/bin/b\n",
		}, "ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/b"},
		{"ok etc before lib, names in order", "a.service", map[string]string{
			lib + "a.service": "[Service]\nExecStart=/bin/lib\n", etc + "a.service": "[Service]\nExecStart=/bin/etc\nType=oneshot\n",
			lib + "a.service.d/20.conf": "[Service]\nExecStart=/bin/20\n", etc + "a.service.d/10.conf": "[Service]\nExecStart=/bin/10\n",
			lib + "a.service.d/10.conf": "[Service]\nExecStart=/bin/hidden\n", etc + "a.service.d/30.conf": "-> /dev/null",
			lib + "a.service.d/30.conf": "[Service]\nExecStart=/bin/masked\n",
		}, "ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/etc\nExecStart=/usr/bin/ssa run -- /bin/10\nExecStart=/usr/bin/ssa run -- /bin/20"},
		{"ok an instance", "a@1.service", map[string]string{lib + "a@.service": "[Service]\nExecStart=/bin/a %i\n", etc + "a@.service.d/x.conf": "[Service]\nType=notify\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a %i\nNotifyAccess=all"},
		{"ok shorter names and all services", "a-b-c.service", map[string]string{
			lib + "a-b-c.service": "[Service]\nExecStart=/bin/a\n", etc + "a-.service.d/x.conf": "[Service]\nType=notify-reload\n",
			etc + "service.d/y.conf": "[Service]\nSystemCallFilter=@system-service\n",
		}, "ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a\nNotifyAccess=all\nSystemCallFilter=seccomp pidfd_open pidfd_getfd process_vm_readv process_vm_writev"},
		{"ok a watchdog", "a.service", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a\nWatchdogSec=10\nNotifyAccess=main\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a\nNotifyAccess=all"},
		{"ok all may notify already", "a.service", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a\nType=notify\nNotifyAccess=all\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a"},
		{"ok address families", "a.service", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a\nRestrictAddressFamilies=AF_INET\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a\nRestrictAddressFamilies=AF_UNIX AF_NETLINK"},
		{"ok forking with its file", "a.service", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a\nType=forking\nPIDFile=/run/a.pid\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/a"},
		{"ok a linked unit", "a.service", map[string]string{etc + "a.service": "-> /opt/a.service", "opt/a.service": "[Service]\nExecStart=/opt/a\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /opt/a"},
		{"ok a quoted semicolon", "a.service", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/sh -c 'a ; b'\n"},
			"ExecStart=\nExecStart=/usr/bin/ssa run -- /bin/sh -c 'a ; b'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := unit.Find(root(t, tt.files), tt.unit)
			if err != nil {
				t.Fatal(err)
			}
			text, err := s.DropIn("/usr/bin/ssa")
			if got := starts(text); err != nil || got != tt.want {
				t.Errorf("(-want +got):\n-%s\n+%s\n%v", tt.want, got, err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"bad none", nil, "there is no unit a.service"},
		{"bad masked", map[string]string{etc + "a.service": "-> /dev/null", lib + "a.service": "[Service]\nExecStart=/bin/a\n"}, "masked"},
		{"bad empty", map[string]string{etc + "a.service": ""}, "masked"},
		{"bad alias", map[string]string{etc + "a.service": "-> /usr/lib/systemd/system/b.service", lib + "b.service": "[Service]\nExecStart=/bin/b\n"}, "alias of b.service"},
		{"bad nothing to start", map[string]string{lib + "a.service": "[Service]\nExecStop=/bin/a\n"}, "no ExecStart"},
		{"bad forking", map[string]string{lib + "a.service": "[Service]\nType=forking\nExecStart=/bin/a\n"}, "Type=forking without PIDFile"},
		{"bad type", map[string]string{lib + "a.service": "[Service]\nType=odd\nExecStart=/bin/a\n"}, "it has Type=odd, which is not known"},
		{"bad root", map[string]string{lib + "a.service": "[Service]\nRootDirectory=/srv/a\nExecStart=/bin/a\n"}, "RootDirectory=/srv/a: ssa is not there"},
		{"bad image", map[string]string{lib + "a.service": "[Service]\nRootImage=/srv/a.raw\nExecStart=/bin/a\n"}, "RootImage=/srv/a.raw"},
		{"bad name of the program", map[string]string{lib + "a.service": "[Service]\nExecStart=-@/bin/a b\n"}, "the prefix @"},
		{"bad shell", map[string]string{lib + "a.service": "[Service]\nExecStart=|/bin/a b\n"}, "the prefix |"},
		{"bad several", map[string]string{lib + "a.service": "[Service]\nType=oneshot\nExecStart=/bin/a ; /bin/b\n"}, "several commands in one line"},
		{"bad twice", map[string]string{lib + "a.service": "[Service]\nExecStart=/usr/local/bin/ssa run /bin/a\n"}, "under ssa run already"},
		{"bad quote", map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a \"b\n"}, "a quote is not closed"},
		{"bad links in a circle", map[string]string{etc + "a.service": "-> a.service"}, "too many levels"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := unit.Find(root(t, tt.files), "a.service")
			if err == nil {
				_, err = s.DropIn("/usr/bin/ssa")
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	for _, name := range []string{"a.socket", "a.timer", "../a", "", ".service", "a b"} {
		if got, err := unit.Name(name); err == nil {
			t.Errorf("bad %q is taken for %s", name, got)
		}
	}
	if got, err := unit.Name("a"); err != nil || got != "a.service" {
		t.Errorf("a is %q, %v", got, err)
	}
}

func TestEnableAndDisable(t *testing.T) {
	dir := root(t, map[string]string{lib + "a.service": "[Service]\nExecStart=/bin/a\n"})
	enable := func() (string, bool) {
		s, err := unit.Find(dir, "a.service")
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.DropIn("/usr/bin/ssa")
		if err != nil {
			t.Fatal(err)
		}
		file, changed, err := unit.Enable(dir, "a.service", text)
		if err != nil {
			t.Fatal(err)
		}
		return file, changed
	}
	file, changed := enable()
	if want := filepath.Join(dir, etc, "a.service.d/zz-ssa.conf"); file != want || !changed {
		t.Errorf("wrote %s, changed %t", file, changed)
	}
	if _, changed := enable(); changed {
		t.Error("the second time it changes something")
	}
	if err := os.WriteFile(filepath.Join(dir, lib, "a.service"), []byte("[Service]\nExecStart=/bin/new\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, changed := enable(); !changed {
		t.Error("a new ExecStart changes nothing")
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "run -- /bin/new") {
		t.Errorf("the drop-in has %s, %v", text, err)
	}
	verify(t, dir)
	for _, want := range []bool{true, false} {
		if _, changed, err := unit.Disable(dir, "a.service"); changed != want || err != nil {
			t.Errorf("disable: changed %t, %v; want %t", changed, err, want)
		}
	}
	if _, err := os.Stat(filepath.Dir(file)); err == nil {
		t.Error("an empty directory stays")
	}
}

// verify has systemd read what was written.
func verify(t *testing.T, dir string) {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // where there is no systemd nothing has to read it
	}
	for _, name := range []string{"usr/bin/ssa", "bin/new", lib + "ssad.socket", lib + "sysinit.target", lib + "basic.target", lib + "shutdown.target"} {
		text := "[Unit]\nDefaultDependencies=no\n"
		if strings.HasSuffix(name, ".socket") {
			text += "[Socket]\nListenStream=/run/x\nService=a.service\n"
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(path, "verify", "--man=no", "--root="+dir, "a.service").CombinedOutput()
	if err != nil || strings.Contains(string(out), "zz-ssa.conf") {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

func TestForeignDropInStays(t *testing.T) {
	dir := root(t, map[string]string{etc + "a.service.d/zz-ssa.conf": "[Service]\nNice=1\n"})
	if _, _, err := unit.Enable(dir, "a.service", "x"); err == nil {
		t.Error("somebody's file is replaced")
	}
	if _, _, err := unit.Disable(dir, "a.service"); err == nil {
		t.Error("somebody's file is removed")
	}
}

// Whatever a unit says, each line of the drop-in that starts something starts ssa, unless the prefixes say otherwise.
func FuzzDropIn(f *testing.F) {
	f.Add("[Service]\nExecStart=-/bin/a \\\n b\n")
	f.Add("[Service]\nExecStart=@|\nType=notify")
	f.Add("[Service]\r\nExecStart=\\\nExecStart=/bin/a 'x\" ;\n[Service]\\")
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return
		}
		s, err := unit.Find(root(t, map[string]string{etc + "a.service": text + "\n"}), "a.service")
		if err != nil {
			return
		}
		out, err := s.DropIn("/usr/bin/ssa")
		if err != nil {
			return
		}
		for line := range strings.Lines(starts(out)) {
			value, exec := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
			if value = strings.TrimLeft(value, "-:+!"); exec && value != "" && !strings.HasPrefix(value, "/usr/bin/ssa run -- ") {
				t.Errorf("it starts %q", value)
			}
		}
	})
}
