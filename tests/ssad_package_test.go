package tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// The Debian package installs, upgrades, removes and purges below a directory of the test, with its scripts.
func TestSsadPackage(t *testing.T) {
	testutil.Require(t, testutil.Root(), testutil.Program("dpkg-deb"), testutil.Program("make"))
	root := t.TempDir()
	for _, dir := range []string{"etc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "usr/sbin"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p := installed{t, root}
	p.dpkg("--install", buildPackage(t, "0.0.1"))
	p.has(true, "usr/sbin/ssad", "usr/bin/ssa", "usr/lib/ssa/libssa-openssl.so", "usr/lib/ssa/libssa-gnutls.so", "usr/lib/systemd/system/ssad.socket", "usr/share/man/man8/ssad.8.gz",
		"usr/share/bash-completion/completions/ssa", "usr/share/zsh/site-functions/_ssa", "usr/share/fish/vendor_completions.d/ssa.fish", "etc/ssa/policy.d",
		"etc/systemd/system/sockets.target.wants/ssad.socket", "etc/systemd/system/multi-user.target.wants/ssad.service")
	p.user(true)
	if err := os.MkdirAll(filepath.Join(root, "var/lib/ssad"), 0o700); err != nil {
		t.Fatal(err)
	}
	disabled := "etc/systemd/system/multi-user.target.wants/ssad.service"
	if err := os.Remove(filepath.Join(root, disabled)); err != nil {
		t.Fatal(err)
	}
	p.dpkg("--install", buildPackage(t, "0.0.2"))
	p.has(false, disabled) // what the administrator disabled stays so
	p.has(true, "usr/sbin/ssad", "var/lib/ssad")
	p.dpkg("--remove", "ssa")
	p.has(false, "usr/sbin/ssad", "usr/lib/systemd/system/ssad.socket")
	p.has(true, "var/lib/ssad")
	p.dpkg("--install", buildPackage(t, "0.0.2"))
	p.has(true, "usr/sbin/ssad", "etc/systemd/system/sockets.target.wants/ssad.socket")
	p.has(false, disabled)
	p.dpkg("--purge", "ssa")
	p.has(false, "var/lib/ssad", "etc/ssa", "usr/lib/ssa", "etc/systemd/system/sockets.target.wants/ssad.socket")
	p.user(false)
}

// buildPackage builds a package of a version.
func buildPackage(t *testing.T, version string) string {
	t.Helper()
	cmd := exec.Command("dist/deb/build", version)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "DPKG_DEB_COMPRESSOR_TYPE=none") // it takes the most time
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("build the package: %v\n%s", err, out)
	}
	built, err := filepath.Glob("../bin/ssa_" + version + "_*.deb")
	if err != nil || len(built) != 1 {
		t.Fatalf("packages of version %s: %v, %v", version, built, err)
	}
	t.Cleanup(func() { _ = os.Remove(built[0]) })
	return built[0]
}

// installed is a directory that dpkg installs below.
type installed struct {
	t    *testing.T
	root string
}

func (p installed) dpkg(args ...string) {
	p.t.Helper()
	options := []string{"--root=" + p.root, "--force-script-chrootless", "--force-depends", "--log=/dev/null"}
	out, err := exec.Command("dpkg", append(options, args...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("dpkg %v: %v\n%s", args, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "warning") && !strings.Contains(line, "depend") && !strings.Contains(line, "not empty") {
			p.t.Errorf("dpkg %v: %s", args, line)
		}
	}
}

func (p installed) has(want bool, paths ...string) {
	p.t.Helper()
	for _, path := range paths {
		if _, err := os.Lstat(filepath.Join(p.root, path)); (err == nil) != want {
			p.t.Errorf("%s is there: %v, want %v", path, err == nil, want)
		}
	}
}

func (p installed) user(want bool) {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.root, "etc/passwd"))
	if err != nil && want {
		p.t.Fatal(err)
	}
	if got := bytes.Contains(append([]byte("\n"), text...), []byte("\nssad:")); got != want {
		p.t.Errorf("the user is there: %v, want %v:\n%s", got, want, text)
	}
}

// The units are what systemd takes, and are rated as their comment says.
func TestSsadUnits(t *testing.T) {
	testutil.Require(t, testutil.Program("systemd-analyze"))
	dir := t.TempDir()
	for _, name := range []string{"ssad.service", "ssad.socket"} {
		text, err := os.ReadFile(filepath.Join("../dist", name))
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("ExecStart=/usr/sbin/ssad"), []byte("ExecStart="+must(t, buildSSAD())))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	service := filepath.Join(dir, "ssad.service")
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", service, filepath.Join(dir, "ssad.socket")).CombinedOutput()
	if err != nil || strings.Contains(string(out), dir) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	rate(t, service)
}

// rate compares what systemd-analyze says with what the unit's comment says, where it is the version that was asked.
func rate(t *testing.T, service string) {
	t.Helper()
	unit, err := os.ReadFile(service)
	if err != nil {
		t.Fatal(err)
	}
	noted := regexp.MustCompile(`\(systemd (\d+)\) rates it ([0-9.]+) `).FindStringSubmatch(string(unit))
	out, err := exec.Command("systemd-analyze", "--version").Output()
	if err != nil || noted == nil {
		t.Fatalf("the version of systemd-analyze: %v; the unit's comment: %q", err, noted)
	}
	if !strings.HasPrefix(string(out), "systemd "+noted[1]+" ") {
		t.Skipf("this is not systemd %s, which the comment is about: %s", noted[1], out)
	}
	out, err = exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", service).CombinedOutput()
	rated := regexp.MustCompile(`level for ssad.service: ([0-9.]+) `).FindStringSubmatch(string(out))
	if err != nil || rated == nil || rated[1] != noted[2] {
		t.Errorf("systemd-analyze security: %v; the unit's comment says %s\n%s", err, noted[2], out)
	}
}
