package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A plugin that says who it is, and keeps a file.
const namedPlugin = `#!/usr/bin/env python3
import ctypes, json, os, signal, sys
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG, which is refused: it ends with its parent all the same
open("kept", "a").close()
for line in sys.stdin:
    r = json.loads(line)
    print(json.dumps({"id": r["id"], "answer": "invalid", "reason": f"process {os.getpid()} of {os.getuid()} in {os.getcwd()}"}), flush=True)
signal.pause()
`

const namedPolicy = "[[validation.plugin]]\nname = \"named\"\npath = \"/etc/ssa/named.py\"\nmode = \"hard\"\nstate = true\ntimeout = \"20s\"\n"

// newMachineWithPlugin is a machine whose daemon runs the plugin.
func newMachineWithPlugin(t *testing.T) *machine {
	t.Helper()
	m := emptyMachine(t)
	m.etc = police(t, map[string]string{policyFile: namedPolicy, "ssa/named.py": namedPlugin})
	if err := os.Chmod(filepath.Join(m.etc.upper, "ssa/named.py"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.start()
	return m
}

// plugin is the process of the plugin, by its own word.
func (d *driver) plugin(p pki, port uint16) process {
	d.t.Helper()
	d.must("socket", "j")
	d.must("set", "j", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.call("connect", "j", "localhost", port)
	text := d.must("get", "j", abi.TLSError, 4000).text()
	d.must("close", "j")
	_, text, _ = strings.Cut(text, "process ")
	word, _, _ := strings.Cut(text, " ")
	pid, err := strconv.Atoi(word)
	if err != nil {
		return 0
	}
	return process(pid)
}

// TestSsadPlugin: the daemon runs a plugin below the process of the judges, without privileges, starts it again when it is
// killed, and ends it with itself and with its place in the policy.
func TestSsadPlugin(t *testing.T) {
	p := newPKI(t)
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	m := newMachineWithPlugin(t)
	d := m.driver(t)
	first := d.plugin(p, port)
	if !slices.Contains(children(m.role("judges")), first) {
		t.Fatalf("process %d is no child of the judges", first)
	}
	for name, want := range map[string]string{"Uid": "65534 65534 65534 65534", "CapEff": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"} {
		if got := strings.Join(strings.Fields(first.status(name)), " "); got != want {
			t.Errorf("%s of the plugin: got %s, want %s", name, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(m.dir, "state/judges/plugins/named/kept")); err != nil {
		t.Errorf("what the plugin keeps: %v", err)
	}

	first.signal(t, linux.SIGKILL)
	var second process
	if !eventually(func() bool { second = d.plugin(p, port); return second != 0 && second != first }) {
		t.Fatal("the plugin is not started again")
	}

	m.etc.write(t, policyFile, strings.Replace(namedPolicy, "hard", "off", 1))
	m.role("").signal(t, linux.SIGHUP)
	m.daemon.WaitOutput(`msg=reloaded`)
	gone(t, second)
	d.judged(p, port, "")

	m.etc.write(t, policyFile, namedPolicy)
	m.role("").signal(t, linux.SIGHUP)
	var third process
	if !eventually(func() bool { third = d.plugin(p, port); return third != 0 }) {
		t.Fatal("the plugin is not started by a reload")
	}
	m.role("judges").signal(t, linux.SIGKILL)
	gone(t, third)
}

// TestNotary: `ssa notary` tells curl and the judge the same about a server, and nothing about the inside unless it may.
func TestNotary(t *testing.T) {
	testutil.Require(t, testutil.Program("curl"))
	p := newPKI(t)
	// A server that has several connections at a time: the notary looks while ours is being judged.
	port := testutil.Nginx(t, p.server).Addr.Port()
	words := []string{"notary", "--listen", "127.0.0.1:0", "--cert", p.client.Chain, "--key", p.client.Key}
	section, address, key := notaryOf(t, append(words, "--allow-inside", "127.0.0.0/8", "--allow-inside", "::1/128"))
	withPolicy(t, "[validation.notaries]\nmode = \"hard\"\ninside = true\n%s", section).judged(p, port, "")

	ask := func(address, key string, args ...string) string {
		url := fmt.Sprintf("https://%s/v1/observe?host=127.0.0.1&port=%d", address, port)
		out, _ := exec.Command("curl", append([]string{"-s", "-k", "--pinnedpubkey", "sha256//" + key, "-w", " status %{http_code}", url}, args...)...).CombinedOutput()
		return string(out)
	}
	digest := fmt.Sprintf("%x", engine.PinOf(p.server.X509))
	if said := ask(address, key); !strings.Contains(said, `"key":"`+digest+`"`) || !strings.Contains(said, "status 200") {
		t.Errorf("curl was told %s", said)
	}
	_, address, key = notaryOf(t, words)
	if said := ask(address, key); !strings.Contains(said, "status 403") || strings.Contains(said, digest) {
		t.Errorf("curl was told about the inside: %s", said)
	}
}

// notaryOf starts a notary and gives what goes into the policy, its address and its key.
func notaryOf(t *testing.T, words []string) (section, address, key string) {
	t.Helper()
	n := testutil.Start(t, exec.Command(ssaPath(t), words...))
	found := n.WaitOutput(`(?s)(\[\[validation.notaries.notary\]\].*address = "([^"]*)"\nsha256 = "([^"]*)"\n)`)
	return found[1], found[2], found[3]
}
