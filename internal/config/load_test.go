package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestLoadNothing(t *testing.T) {
	o, _ := machine(t, nil)
	r := config.Load(o)
	if r.Err() != nil || len(r.Files) != 0 {
		t.Fatalf("files %v, error %v", r.Files, r.Err())
	}
	if got, want := r.Policy.Global(today()), policy.Default(); got.Show(policy.KeyVersions) != want.Show(policy.KeyVersions) ||
		got.From(policy.KeyVersions) != "the built-in policy" {
		t.Errorf("settings: %+v", got)
	}
}

// TestOrderOfFiles checks the rules of systemd.unit(5): the sort order over all directories, and what masks what.
func TestOrderOfFiles(t *testing.T) {
	set := func(bits int) string { return fmt.Sprintf("rsa_bits_min = %d\n", bits) }
	tests := []struct {
		name  string
		files map[string]string
		links map[string]string
		want  int
	}{
		{"ok main file", map[string]string{"etc/policy.toml": set(3001)}, nil, 3001},
		{"ok drop-in over main file", map[string]string{"etc/policy.toml": set(3001), "lib/policy.d/a.toml": set(3002)}, nil, 3002},
		{"ok last by name, wherever it is", map[string]string{"etc/policy.d/a.toml": set(3001), "lib/policy.d/b.toml": set(3002),
			"run/policy.d/0.toml": set(3003)}, nil, 3002},
		{"ok etc masks run and lib", map[string]string{"etc/policy.d/a.toml": set(3001), "run/policy.d/a.toml": set(3002),
			"lib/policy.d/a.toml": set(3003)}, nil, 3001},
		{"ok run masks lib", map[string]string{"run/policy.d/a.toml": set(3002), "lib/policy.d/a.toml": set(3003)}, nil, 3002},
		{"ok an empty file masks", map[string]string{"etc/policy.toml": set(3001), "etc/policy.d/a.toml": "", "lib/policy.d/a.toml": set(3003)}, nil, 3001},
		{"ok a link to /dev/null masks", map[string]string{"etc/policy.toml": set(3001), "lib/policy.d/a.toml": set(3003)},
			map[string]string{"etc/policy.d/a.toml": "/dev/null"}, 3001},
		{"ok a link to a file", map[string]string{"lib/real": set(3003)}, map[string]string{"etc/policy.d/a.toml": "../../lib/real"}, 3003},
		{"ok other files do not count", map[string]string{"etc/policy.toml": set(3001), "etc/policy.d/a.toml~": set(3002),
			"etc/policy.d/README": "x"}, nil, 3001},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, dir := machine(t, tt.files)
			for link, target := range tt.links {
				write(t, filepath.Join(dir, link), "")
				if err := os.Remove(filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
			}
			r := config.Load(o)
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			if got := r.Policy.Global(today()).Limits.RSABits; got != tt.want {
				t.Errorf("in force: got %d, want %d; files %v", got, tt.want, r.Files)
			}
		})
	}
}

func TestDropInsAddToProfiles(t *testing.T) {
	o, _ := machine(t, map[string]string{
		"etc/policy.toml": "[profile.a]\nmatch = { user = 1 }\nversions = [\"TLS1.3\"]\nmode = \"complain\"\n" +
			"[[certificate]]\nchain = \"/1\"\nkey = \"/1k\"\n",
		"etc/policy.d/x.toml": "[profile.a]\nmode = \"enforce\"\nrsa_bits_min = 3072\n[[profile.a.destination]]\nport = 1\n" +
			"rsa_bits_min = 4096\n[[certificate]]\nchain = \"/2\"\nkey = \"/2k\"\n",
	})
	r := config.Load(o)
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	p := r.Policy.Profile("a")
	d := r.Policy.Decide(policy.Subject{UID: 1}, policy.Server, policy.Dest{}, today())
	if p.Mode != policy.Enforce || len(p.Sections) != 1 || d.Settings.Show(policy.KeyVersions) != "TLS1.3" || d.Settings.Limits.RSABits != 3072 {
		t.Errorf("profile: %+v, settings %+v", p, d.Settings)
	}
	if got := d.Settings.Show(policy.KeyCertificates); got != "/1 /2" {
		t.Errorf("certificates: %s", got)
	}
}

// TestUntrustedFiles checks that whoever could have written the policy without being root is found out.
func TestUntrustedFiles(t *testing.T) {
	const good = "rsa_bits_min = 3072\n"
	tests := []struct {
		name   string
		change func(dir string) error
		want   string
	}{
		{"ok only root can write", func(string) error { return nil }, ""},
		{"bad file others can write", func(d string) error { return os.Chmod(d+"/etc/policy.toml", 0o646) }, "mode 0646"},
		{"bad file the group can write", func(d string) error { return os.Chmod(d+"/etc/policy.toml", 0o664) }, "mode 0664"},
		{"bad file of another", func(d string) error { return os.Chown(d+"/etc/policy.toml", 1000, 0) }, "belongs to user 1000"},
		{"bad directory others can write", func(d string) error { return os.Chmod(d+"/etc", 0o777) }, "mode 0777"},
		{"bad sticky directory", func(d string) error { return os.Chmod(d+"/etc", 0o777|os.ModeSticky) }, "mode 0777"},
		{"bad directory of another", func(d string) error { return os.Chown(d+"/etc", 1000, 0) }, "belongs to user 1000"},
		{"bad drop-in others can write", func(d string) error { return os.Chmod(d+"/run/policy.d/a.toml", 0o666) }, "a.toml"},
		{"bad directory of drop-ins", func(d string) error { return os.Chmod(d+"/run/policy.d", 0o777) }, "run/policy.d"},
		{"bad directory above", func(d string) error { return os.Chmod(d+"/run", 0o777) }, "/run "},
		{"bad link to a file of another", func(d string) error {
			write(t, d+"/theirs", good)
			return errors.Join(os.Chmod(d+"/theirs", 0o666), os.Symlink(d+"/theirs", d+"/etc/policy.d/b.toml"))
		}, "theirs"},
		{"bad empty directory others can write", func(d string) error { return os.Chmod(d+"/lib/policy.d", 0o777) }, "lib/policy.d"},
		{"bad FIFO", func(d string) error {
			return os.Symlink("/dev/zero", d+"/etc/policy.d/c.toml")
		}, "is not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			testutil.Require(t, testutil.Root())
			o, dir := machine(t, map[string]string{"etc/policy.toml": good, "run/policy.d/a.toml": good, "etc/policy.d/x": "", "lib/policy.d/x": ""})
			if err := tt.change(dir); err != nil {
				t.Fatal(err)
			}
			switch err := config.Load(o).Err(); {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSizeIsBounded(t *testing.T) {
	o, dir := machine(t, map[string]string{"etc/policy.toml": "# " + strings.Repeat("x", 5<<20)})
	if err := config.Load(o).Err(); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a large file: %v", err)
	}
	if err := config.LoadFile(o, filepath.Join(dir, "etc/policy.toml")).Err(); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a large file to check: %v", err)
	}
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "key%d = 1\n", i)
	}
	r := config.Parse(o, "p.toml", []byte(b.String()))
	if n := len(r.Problems); n != 201 || !strings.Contains(r.Problems[200].Error(), "800 more") {
		t.Errorf("%d problems are reported, the last %v", n, r.Problems[n-1])
	}
}

func TestSetMode(t *testing.T) {
	o, dir := machine(t, map[string]string{"etc/policy.d/www.toml": "[profile.www]\nmatch = { user = 1 }\n"})
	drop := o.Dirs[0]
	mine := filepath.Join(drop, "zz-mode-www.toml")
	mode := func() policy.Mode { return config.Load(o).Policy.Profile("www").Mode }
	if path, err := config.SetMode(o, drop, "www", policy.Complain); err != nil || path != mine || mode() != policy.Complain {
		t.Fatalf("complain: %q, %v, %v", path, err, mode())
	}
	if path, err := config.SetMode(o, drop, "www", policy.Enforce); err != nil || path != "" || mode() != policy.Enforce {
		t.Errorf("enforce: %q, %v, %v", path, err, mode())
	}
	if _, err := os.Stat(mine); !os.IsNotExist(err) {
		t.Errorf("the drop-in that is not needed is still there: %v", err)
	}
	if _, err := config.SetMode(o, drop, "ww", policy.Complain); err == nil || !strings.Contains(err.Error(), `did you mean "www"?`) {
		t.Errorf("unknown profile: %v", err)
	}
	write(t, filepath.Join(drop, "zzz.toml"), "[profile.www]\nmode = \"enforce\"\n")
	if _, err := config.SetMode(o, drop, "www", policy.Complain); err == nil || !strings.Contains(err.Error(), "sorts behind") {
		t.Errorf("overridden: %v", err)
	}
	if _, err := os.Stat(mine); !os.IsNotExist(err) {
		t.Errorf("the drop-in without effect is still there: %v", err)
	}
	_ = dir
}

// TestSystemPolicy reads a file in the form of those that crypto-policies(7) generates.
func TestSystemPolicy(t *testing.T) {
	const head = "[global]\noverride-mode = allowlist\n\n[overrides]\nsecure-hash = SHA256\n"
	const common = "tls-enabled-mac = AEAD\ntls-enabled-mac = SHA1\ntls-enabled-group = GROUP-X25519\ntls-enabled-group = GROUP-X25519-MLKEM768\n" +
		"tls-enabled-group = GROUP-SECP256R1\ntls-enabled-group = GROUP-FFDHE2048\ntls-enabled-cipher = AES-256-GCM\ntls-enabled-cipher = CHACHA20-POLY1305\n" +
		"tls-enabled-cipher = AES-256-CBC\ntls-enabled-kx = ECDHE-RSA\ntls-enabled-kx = RSA\nenabled-version = TLS1.3\nenabled-version = TLS1.2\nenabled-version = DTLS1.2\n"
	const ordinary = common + "tls-enabled-cipher = AES-128-GCM\nmin-verification-profile = high\n"
	tests := []struct {
		name, file, policy string
		want               map[policy.Key]string
		err                string
	}{
		{"ok ordinary", head + ordinary, "", map[policy.Key]string{
			policy.KeyVersions: "TLS1.3 TLS1.2",
			policy.KeyGroups:   "X25519MLKEM768 x25519 secp256r1",
			policy.KeyCipherSuites: "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 " +
				"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
			policy.KeyRSABitsMin: "3072",
		}, ""},
		{"ok below the floor with an exception", head + ordinary + "enabled-version = TLS1.1\nmin-verification-profile = low\n",
			"allow_weaker = { reason = \"x\", expires = 2027-01-01 }\n", map[policy.Key]string{
				policy.KeyVersions: "TLS1.3 TLS1.2 TLS1.1",
				policy.KeyCipherSuites: "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 " +
					"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA " +
					"TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_256_GCM_SHA384 TLS_RSA_WITH_AES_256_CBC_SHA",
				policy.KeyRSABitsMin: "1024",
			}, ""},
		{"ok without exception the floor holds", head + ordinary + "enabled-version = TLS1.1\nmin-verification-profile = low\n", "",
			map[policy.Key]string{policy.KeyVersions: "TLS1.3 TLS1.2", policy.KeyRSABitsMin: "2048"}, ""},
		{"bad suite of TLS 1.3 is missing", head + common, "", nil, "cannot choose among the suites of TLS 1.3"},
		{"bad form", "[priorities]\nSYSTEM=NORMAL\n", "", nil, "override-mode = allowlist"},
		{"bad line", head + "nonsense\n", "", nil, "line 6"},
		{"bad gap", head + strings.ReplaceAll(ordinary, "enabled-version = TLS1.2\n", "") + "enabled-version = TLS1.1\n",
			"allow_weaker = { reason = \"x\", expires = 2027-01-01 }\n", nil, "TLS1.1 and not the version after it"},
		{"bad nothing left", head + "enabled-version = TLS1.2\n", "", nil, "no cipher suite"},
		{"bad no version", head, "", nil, "no version of TLS"},
		{"bad profile", head + ordinary + "min-verification-profile = odd\n", "", nil, "min-verification-profile odd"},
		{"bad no file", "", "", nil, "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{"etc/policy.toml": "extends = \"system-crypto-policies\"\n" + tt.policy, "gnutls.config": tt.file}
			if tt.file == "" {
				delete(files, "gnutls.config")
			}
			o, _ := machine(t, files)
			r := config.Load(o)
			if tt.err != "" {
				if r.Err() == nil || !strings.Contains(r.Err().Error(), tt.err) || !strings.Contains(r.Err().Error(), "policy.toml:1:") {
					t.Errorf("got %v, want %q", r.Err(), tt.err)
				}
				return
			}
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			s := r.Policy.Global(today())
			for k, want := range tt.want {
				if got := s.Show(k); got != want {
					t.Errorf("%s (-want +got):\n-%s\n+%s", k, want, got)
				}
				if got := s.From(k); !strings.HasSuffix(got, "policy.toml:1 (system-crypto-policies)") {
					t.Errorf("source of %s: %s", k, got)
				}
			}
		})
	}
}

// FuzzParse checks that no text breaks the parser, that each problem has a place in the file, and that what is
// accepted never falls below the floor without an exception.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile(reference)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(strings.ReplaceAll(string(text), "\n#", "\n"))
	f.Add("extends = \"legacy-2026\"\nallow_weaker = { reason = 'x', expires = 2027-01-01 }\n[profile.a.match]\nexe=['/a*','/b']\n[[profile.a.destination]]\nhost='*'")
	o := options()
	f.Fuzz(func(t *testing.T, text string) {
		r := config.Parse(o, "p.toml", []byte(text))
		lines := strings.Count(text, "\n") + 1
		for _, p := range r.Problems {
			if p.Source.Line > lines || p.Source.Line > 0 && p.Source.Column < 1 {
				t.Fatalf("%v is not in the file", p)
			}
		}
		if r.Policy == nil {
			if r.Err().Error() == "" {
				t.Fatal("refused without a reason")
			}
			return
		}
		s := r.Policy.Global(today())
		if len(r.Policy.Exceptions(today())) == 0 && (s.VersionMin < 0x0303 || s.Limits.RSABits < 2048 || !slices.ContainsFunc(s.Ciphers, policy.Strong)) {
			t.Fatalf("below the floor: %+v", s)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "[profile.p%d]\nmatch = { exe = [\"/usr/bin/program%d\", \"/opt/vendor%d/**\"], user = \"www-data\" }\n", i, i, i)
		fmt.Fprintf(&text, "extends = \"modern-2026\"\nrsa_bits_min = 3072\nlimits.handshake_timeout = \"10s\"\n")
		fmt.Fprintf(&text, "[[profile.p%d.destination]]\nhost = \"*.example.com\"\nport = 443\nversions = [\"TLS1.3\"]\n", i)
	}
	o := options()
	for b.Loop() {
		if r := config.Parse(o, "p.toml", []byte(text.String())); r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
}
