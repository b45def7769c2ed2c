package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestProfileOfTheProgram checks that a profile is for the programs it matches and for no other.
func TestProfileOfTheProgram(t *testing.T) {
	const rule = "versions = [\"TLS1.2\"]\n"
	tests := []struct {
		name, match string
		as          []string
		want        int
	}{
		{"ok executable", `exe = "/usr/bin/python3*"`, nil, abi.VersionTLS12},
		{"ok other executable", `exe = "/usr/bin/perl*"`, nil, abi.VersionTLS13},
		{"ok user", `user = "nobody"`, []string{"setpriv", "--reuid=nobody", "--clear-groups"}, abi.VersionTLS12},
		{"ok other user", `user = "nobody"`, nil, abi.VersionTLS13},
		{"ok script", `script = "/**/sockdrv.py"`, nil, abi.VersionTLS12},
		{"ok other script", `script = "/**/other.py"`, nil, abi.VersionTLS13},
		{"ok executable and other user", `exe = "/**", user = "nobody"`, nil, abi.VersionTLS13},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := police(t, map[string]string{"ssa/policy.d/p.toml": "[profile.p]\nmatch = { " + tt.match + " }\n" + rule})
			d := m.driver(t, tt.as...)
			d.must("socket", "s")
			if got := d.must("get", "s", abi.TLSVersionMax, 4).number(); got != tt.want {
				t.Errorf("highest version: got %#x, want %#x", got, tt.want)
			}
			if tt.want == abi.VersionTLS12 {
				d.refuse("EPERM", "/etc/ssa/policy.d/p.toml:3", "set", "s", abi.TLSVersionMax, abi.VersionTLS13)
			}
		})
	}
}

// TestDestination checks that a section is for its destinations, and that an option one of them would refuse is
// refused as soon as the destination is certain.
func TestDestination(t *testing.T) {
	p := newPKI(t)
	one, two := testutil.OpenSSLServer(t, p.server, "-rev"), testutil.OpenSSLServer(t, p.server, "-rev")
	d := withPolicy(t, "[profile.p]\nmatch = { exe = \"/**\" }\n[[profile.p.destination]]\nhost = \"localhost\"\nport = %s\nversions = [\"TLS1.2\"]\n"+
		"[[profile.p.destination]]\nhost = \"127.0.0.0/8\"\nversions = [\"TLS1.3\"]\n", two.Port())
	for port, want := range map[uint16]int{one.Addr.Port(): abi.VersionTLS13, two.Addr.Port(): abi.VersionTLS12} {
		d.open("s", p, port)
		if got := d.must("get", "s", abi.TLSChosenVersion, 4).number(); got != want {
			t.Errorf("version: got %#x, want %#x", got, want)
		}
		d.must("close", "s")
	}
	d.must("socket", "s")
	d.must("set", "s", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.must("set", "s", abi.TLSVersionMax, abi.VersionTLS12)
	d.refuse("EPERM", "TLS_VERSION_MAX: TLS 1.2 is below TLS 1.3, the lowest version /etc/ssa/policy.toml:9 allows",
		"connect", "s", "localhost", one.Addr.Port())
}

// TestComplain checks that a profile which only complains refuses nothing, and logs what it would refuse.
func TestComplain(t *testing.T) {
	p := newPKI(t)
	other := testutil.NewCA(t, "somebody else")
	s := testutil.OpenSSLServer(t, p.server, "-rev", "-tls1_2")
	m := police(t, map[string]string{policyFile: fmt.Sprintf("[profile.p]\nmatch = { exe = \"/**\" }\nmode = \"complain\"\nversions = [\"TLS1.3\"]\n"+
		"trust_store = %q\nhonor_application_validation = false\n[profile.p.extensions]\nalpn = false\n", other.Path)})
	d := m.driver(t)
	d.must("socket", "s")
	d.must("set", "s", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.must("connect", "s", "localhost", s.Addr.Port())
	d.talk("s")
	d.must("close", "s")
	for _, want := range []string{"level=WARN msg=complain profile=p", "TLS 1.2 (/etc/ssa/policy.toml:4)", "/etc/ssa/policy.toml:5"} {
		if !strings.Contains(m.logged(t), want) {
			t.Errorf("%q is not in the log:\n%s", want, m.logged(t))
		}
	}
	d.must("socket", "t")
	d.must("set", "t", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.must("set", "t", abi.TLSALPN, "h2")
	d.must("connect", "t", "localhost", s.Addr.Port())
	if want := "TLS_ALPN: /etc/ssa/policy.toml:8 turns the extension off"; !strings.Contains(m.logged(t), want) {
		t.Errorf("%q is not in the log:\n%s", want, m.logged(t))
	}

	// What the global settings would refuse and the profile would not passes too.
	ours := police(t, map[string]string{policyFile: fmt.Sprintf("[profile.p]\nmatch = { exe = \"/**\" }\nmode = \"complain\"\ntrust_store = %q\n", p.ca.Path)})
	d.must("close", "t")
	d = ours.driver(t)
	d.must("socket", "s")
	d.must("connect", "s", "localhost", s.Addr.Port())
}

// TestException checks that a connection below the floor needs an exception, which is logged at use and dead after
// its day.
func TestException(t *testing.T) {
	p := newPKI(t)
	s := testutil.OpenSSLServer(t, p.server, "-rev", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
	const legacy = "[profile.p]\nmatch = { exe = \"/**\" }\n[[profile.p.destination]]\nhost = \"localhost\"\nextends = \"legacy-2026\"\n" +
		"allow_weaker = { reason = \"the till\", expires = %s }\n"
	m := police(t, map[string]string{policyFile: fmt.Sprintf(legacy, time.Now().Format(time.DateOnly))})
	d := m.driver(t)
	d.open("s", p, s.Addr.Port())
	d.talk("s")
	if got := d.must("get", "s", abi.TLSChosenVersion, 4).number(); got != abi.VersionTLS11 {
		t.Errorf("version: got %#x", got)
	}
	d.must("close", "s")
	for _, want := range []string{"exception in use", "the till", "/etc/ssa/policy.toml:6"} {
		if !strings.Contains(m.logged(t), want) {
			t.Errorf("%q is not in the log:\n%s", want, m.logged(t))
		}
	}
	d = withPolicy(t, legacy, time.Now().AddDate(0, 0, -1).Format(time.DateOnly))
	d.must("socket", "s")
	d.must("set", "s", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.refuse("EPROTO", "", "connect", "s", "localhost", s.Addr.Port())
}

// TestPresetsInForce checks what the presets let through.
func TestPresetsInForce(t *testing.T) {
	p := newPKI(t)
	s := testutil.OpenSSLServer(t, p.server, "-rev", "-tls1_2")
	d := withPolicy(t, "extends = \"default-2026\"\n")
	d.open("s", p, s.Addr.Port())
	d.must("close", "s")
	d = withPolicy(t, "extends = \"modern-2026\"\n")
	d.must("socket", "s")
	d.must("set", "s", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.refuse("EPROTO", "", "connect", "s", "localhost", s.Addr.Port())
}

// TestSystemPolicyInForce reads the distribution's policy, here one for TLS 1.2 with AES-256 alone.
func TestSystemPolicyInForce(t *testing.T) {
	const system = "[global]\noverride-mode = allowlist\n[overrides]\ntls-enabled-mac = AEAD\ntls-enabled-cipher = AES-256-GCM\n" +
		"tls-enabled-kx = ECDHE-ECDSA\ntls-enabled-group = GROUP-SECP256R1\nenabled-version = TLS1.2\n"
	p := newPKI(t)
	m := police(t, map[string]string{policyFile: "extends = \"system-crypto-policies\"\n", "crypto-policies/back-ends/gnutls.config": system})
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	d := m.driver(t)
	d.open("s", p, s.Addr.Port())
	if got := d.must("get", "s", abi.TLSChosenCipher, 100).text(); got != "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" {
		t.Errorf("cipher suite: got %s", got)
	}
	d.must("socket", "t")
	d.refuse("EPERM", "/etc/ssa/policy.toml:1 (system-crypto-policies)", "set", "t", abi.TLSVersionMax, abi.VersionTLS13)
}
