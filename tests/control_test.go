package tests

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/wire"
)

// governed is a machine with a daemon and an administrator's policy, which the daemon has an /etc of its own for.
type governed struct {
	*machine
	t *testing.T
	p pki
}

func govern(t *testing.T, files map[string]string) *governed {
	t.Helper()
	m := emptyMachine(t)
	m.etc = police(t, files)
	m.start()
	return &governed{machine: m, t: t, p: newPKI(t)}
}

// write replaces a file below the /etc of the daemon.
func (g *governed) write(name, text string) {
	g.t.Helper()
	path := filepath.Join(fmt.Sprintf("/proc/%d/root/etc", g.daemon.PID()), name)
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		g.t.Fatal(err)
	}
}

// ask runs ssa with words and the control socket of the machine.
func (g *governed) ask(words ...string) (out string, status int) {
	g.t.Helper()
	return testutil.Run(g.t, exec.Command(ssaPath(g.t), append(words, "--control="+g.control())...), "")
}

// asNobody is ask by an ordinary user, with a supplementary group.
func (g *governed) asNobody(group string, words ...string) (out string, status int) {
	g.t.Helper()
	cmd := []string{"--reuid=nobody", "--regid=nogroup", "--groups=" + group, ssaPath(g.t)}
	return testutil.Run(g.t, exec.Command("setpriv", append(append(cmd, words...), "--control="+g.control())...), "")
}

// decode asks for JSON.
func (g *governed) decode(to any, words ...string) {
	g.t.Helper()
	out, status := g.ask(append(words, "--json")...)
	if err := json.Unmarshal([]byte(out), to); err != nil || status != 0 {
		g.t.Fatalf("%v ended with %d: %v\n%s", words, status, err, out)
	}
}

// says fails unless a command ends with a status and its output matches all patterns.
func (g *governed) says(status int, words []string, patterns ...string) {
	g.t.Helper()
	out, got := g.ask(words...)
	if got != status {
		g.t.Errorf("%v ended with %d, want %d\n%s", words, got, status, out)
	}
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(out) {
			g.t.Errorf("%v does not say %q:\n%s", words, p, out)
		}
	}
}

func (g *governed) driver() *driver {
	g.t.Helper()
	return drive(g.t, g.run(testutil.Python(g.t), "-B", "programs/python/sockdrv.py"))
}

// tlsID is the TLS_ID of a driver's socket.
func (d *driver) tlsID(name string) string {
	d.t.Helper()
	b := d.must("get", name, abi.TLSID, 8).bytes()
	if len(b) != 8 {
		d.t.Fatalf("TLS_ID: %x", b)
	}
	return strconv.FormatUint(binary.NativeEndian.Uint64(b), 10)
}

const twoVersions = "versions = [\"TLS1.3\", \"TLS1.2\"]\n"

func TestControlShowsConnections(t *testing.T) {
	g := govern(t, map[string]string{"group": "root:x:0:\nnogroup:x:65534:\nssa-admin:x:4242:\n", "ssa/policy.toml": twoVersions})
	peer := testutil.OpenSSLServer(t, g.p.server, "-rev", "-tls1_2")
	d := g.driver()
	d.open("c", g.p, peer.Addr.Port())
	d.talk("c")
	id := d.tlsID("c")
	var list api.Conns
	g.decode(&list, "conns")
	if len(list.Conns) != 1 {
		t.Fatalf("%d connections, want 1: %+v", len(list.Conns), list)
	}
	c := list.Conns[0]
	if fmt.Sprint(c.ID) != id || c.Role != api.Client || c.Host != "localhost" || c.TLS.Version != "TLS 1.2" || c.TLS.Suite == "" ||
		c.TLS.Group == "" || strings.Join(c.VerifiedBy, " ") != "standard" || c.Traffic.Received != 4 || c.Traffic.Sent != 4 ||
		c.Traffic.Age <= 0 || c.Program.UID != 0 || c.Program.PID == 0 || !strings.Contains(c.Program.Exe, "python") {
		t.Errorf("TLS_ID is %s; it shows %+v", id, c)
	}
	g.says(0, []string{"conns"}, `ID +PROGRAM +PID +ROLE`, id+` +/\S*python\S* +\d+ +client +localhost\(127.0.0.1:`)
	g.says(0, []string{"policy", "explain", id}, `allowed .* connection`, `asked for +TLS_REMOTE_HOSTNAME localhost`,
		`in force +versions TLS1.3 TLS1.2 +/etc/ssa/policy.toml:1`, `judge +standard: valid`, `now +live for .*4 bytes received, 4 sent`)
	g.says(0, []string{"status"}, `connections +1`, `policy +/etc/ssa/policy.toml, 0 profiles`, `audit +\S+/audit.jsonl`)
	g.permissions(id)
	g.clientOf(d)
	d.must("close", "c")
	if !eventually(func() bool { out, _ := g.ask("policy", "explain", id); return strings.Contains(out, "\nclosed ") }) {
		t.Error("the end is not recorded")
	}
	g.says(0, []string{"policy", "explain", id}, `closed (.*\n)+.*after +.*4 bytes received, 4 sent`)
}

// permissions shows who may ask for what of root's connection.
func (g *governed) permissions(id string) {
	g.t.Helper()
	if out, status := g.asNobody("65534", "conns", "--json"); status != 0 || strings.Contains(out, id) {
		g.t.Errorf("nobody is told of root's connections: %d, %s", status, out)
	}
	if out, status := g.asNobody("65534", "policy", "explain", id); status != 125 || !strings.Contains(out, "nothing is known") {
		g.t.Errorf("root's connection is explained to nobody: %d, %s", status, out)
	}
	for _, words := range [][]string{{"status"}, {"audit"}, {"metrics"}, {"policy", "diff"}, {"policy", "reload"}} {
		if out, status := g.asNobody("65534", words...); status != 125 || !strings.Contains(out, "permission denied") {
			g.t.Errorf("nobody asks for %v: %d, %s", words, status, out)
		}
	}
	if out, status := g.asNobody("4242", "conns", "--json"); status != 0 || !strings.Contains(out, id) {
		g.t.Errorf("a member of ssa-admin: %d, %s", status, out)
	}
	many := strings.Repeat("65534,", 100) + "4242" // more than are asked for at first
	for i := range 100 {
		many = strings.Replace(many, "65534,", fmt.Sprint(5000+i)+",", 1)
	}
	if out, status := g.asNobody(many, "status"); status != 0 {
		g.t.Errorf("a member of ssa-admin: %d, %s", status, out)
	}
}

// clientOf shows a connection that a listener has accepted.
func (g *governed) clientOf(d *driver) {
	g.t.Helper()
	d.must("socket", "l")
	d.must("set", "l", abi.TLSCertificateChain, g.p.server.Chain)
	d.must("set", "l", abi.TLSPrivateKey, g.p.server.Key)
	d.must("bind", "l", "127.0.0.1", 0)
	d.must("listen", "l", 5)
	port := strconv.Itoa(d.must("name", "l", "getsockname").Port)
	s := testutil.OpenSSLClient(g.t, port, "-CAfile", g.p.ca.Path)
	s.WaitOutput(`Verify return code: 0`)
	d.must("accept", "l", "a")
	id := d.tlsID("a")
	g.says(0, []string{"conns"}, id+` .* server +127.0.0.1:\d+ +TLS 1.3`)
	g.says(0, []string{"status"}, `listeners +1`, `connections +2`)
	d.must("close", "a")
	d.must("close", "l")
}

func TestControlExplainsRefusals(t *testing.T) {
	g := govern(t, map[string]string{"ssa/policy.toml": "[profile.strict]\nmatch = { user = \"root\" }\nversions = [\"TLS1.3\"]\n\n" +
		"[profile.other]\nmatch = { exe = \"/**/python*\", user = \"daemon\" }\n"})
	d := g.driver()
	d.must("socket", "o")
	if r := d.call("set", "o", abi.TLSVersionMax, 0x0303); r.Errno != "EPERM" {
		t.Errorf("TLS 1.2: %+v", r)
	}
	var weaker api.Record
	g.find(&weaker, `"event":"option"`)
	if r := weaker.Rule; r == nil || r.Key != "versions" || r.File != "/etc/ssa/policy.toml" || r.Line != 3 || weaker.Profile != "strict" ||
		weaker.Failure.Class != "weaker" || len(weaker.Requested) != 1 || weaker.Requested[0].Option != "TLS_VERSION_MAX" {
		t.Errorf("the option: %+v, rule %+v", weaker, r)
	}
	g.says(0, []string{"policy", "explain", d.tlsID("o")}, `tried +profile strict matches user root +/etc/ssa/policy.toml:2`,
		`tried +profile other does not match: user is 0, not daemon`, `decided by +versions +/etc/ssa/policy.toml:3`, `asked for +TLS_VERSION_MAX 0x0303`)

	stranger := testutil.OpenSSLServer(t, testutil.SelfSigned(t, testutil.Leaf{Names: []string{"localhost"}}))
	d.must("socket", "c")
	d.must("set", "c", abi.TLSTrustedPeerCertificates, g.p.ca.Path)
	if r := d.call("connect", "c", "localhost", stranger.Addr.Port()); r.Errno != "EKEYREJECTED" {
		t.Errorf("a stranger: %+v", r)
	}
	g.says(0, []string{"policy", "explain", d.tlsID("c")}, `refused .* connection`, `judge +standard: invalid`, `because .*self-signed.*\(rejected\)`)

	old := testutil.OpenSSLServer(t, g.p.server, "-tls1_2")
	d.must("socket", "v")
	d.must("set", "v", abi.TLSTrustedPeerCertificates, g.p.ca.Path)
	if r := d.call("connect", "v", "localhost", old.Addr.Port()); r.Errno != "EPROTO" {
		t.Errorf("a server with TLS 1.2 only: %+v", r)
	}
	g.says(0, []string{"policy", "explain", d.tlsID("v")}, `in force +versions TLS1.3 +/etc/ssa/policy.toml:3`, `because .*\(protocol\)`)
	g.says(125, []string{"policy", "explain", "12345"}, `ssa: nothing is known of connection 12345\nssa: hint: ssa conns`)
	g.says(0, []string{"status"}, `refused +3`)
}

// find waits for a record with a text in it.
func (g *governed) find(to *api.Record, text string) {
	g.t.Helper()
	found := eventually(func() bool {
		out, _ := g.ask("audit")
		for line := range strings.Lines(out) {
			if strings.Contains(line, text) {
				return json.Unmarshal([]byte(line), to) == nil
			}
		}
		return false
	})
	if !found {
		g.t.Fatalf("there is no record with %s", text)
	}
}

func TestControlReload(t *testing.T) {
	g := govern(t, map[string]string{"ssa/policy.toml": twoVersions})
	old := testutil.OpenSSLServer(t, g.p.server, "-rev", "-tls1_2")
	d := g.driver()
	d.open("c", g.p, old.Addr.Port())
	d.talk("c")
	g.says(0, []string{"policy", "diff"}, `^$`)
	g.says(0, []string{"policy", "reload"}, `^reloaded: 1 file, 0 profiles\n$`)

	g.write("ssa/policy.toml", "versions = [\"TLS1.4\"]\n")
	g.says(1, []string{"policy", "diff"}, `/etc/ssa/policy.toml:1:13: .*TLS1.4`)
	g.says(125, []string{"policy", "reload", "--enforce"}, `ssa: nothing has changed: .*`, `/etc/ssa/policy.toml:1:13: .*TLS1.4`)
	g.says(0, []string{"status"}, `the last reload changed nothing: .*TLS1.4`)
	d.talk("c")
	d.open("again", g.p, testutil.OpenSSLServer(t, g.p.server, "-rev", "-tls1_2").Addr.Port())
	d.must("close", "again")
	var refused api.Record
	g.find(&refused, `"event":"policy","decision":"refused"`)

	g.write("ssa/policy.toml", "\nversions = [\"TLS1.3\"]\n")
	g.says(1, []string{"policy", "diff"}, `- global +versions +TLS1.3 TLS1.2 +/etc/ssa/policy.toml:1\n\+ global +versions +TLS1.3 +/etc/ssa/policy.toml:2`)
	g.says(0, []string{"policy", "reload"}, `does not comply +\d+ .*it uses TLS 1.2 \(/etc/ssa/policy.toml:2\)`)
	d.talk("c")
	d.must("socket", "late")
	d.must("set", "late", abi.TLSTrustedPeerCertificates, g.p.ca.Path)
	if r := d.call("connect", "late", "localhost", testutil.OpenSSLServer(t, g.p.server, "-tls1_2").Addr.Port()); r.Errno != "EPROTO" {
		t.Errorf("TLS 1.2 after the reload: %+v", r)
	}
	g.says(0, []string{"policy", "reload", "--enforce"}, `closed +\d+ `)
	if r := d.call("read", "c", 100); r.Errno != "ECONNRESET" {
		t.Errorf("the connection that was closed: %+v", r)
	}
	if text := d.tlsError([]any{"get", "c"}); !strings.Contains(text, "the policy was changed and does not allow this connection any more: it uses TLS 1.2 (/etc/ssa/policy.toml:2)") {
		t.Errorf("TLS_ERROR is %q", text)
	}
	var list api.Conns
	g.decode(&list, "conns")
	if len(list.Conns) != 0 {
		t.Errorf("still there: %+v", list)
	}
	g.says(0, []string{"metrics"}, `ssa_policy_reloads_total{result="refused"} 1`, `ssa_policy_reloads_total{result="allowed"} 3`)
}

func TestControlFollowsAudit(t *testing.T) {
	testutil.Require(t, testutil.Program("curl"))
	g := govern(t, nil)
	follower := testutil.Start(t, exec.Command(ssaPath(t), "audit", "-f", "-n", "0", "--control="+g.control()))
	victim := fmt.Sprint(os.Getpid())
	if !eventually(func() bool { // until it follows, there is nothing to see
		_, _ = testutil.Run(t, exec.Command("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
			testutil.Python(t), "-B", "-c", forger, g.socket(), victim, fmt.Sprint(wire.Version)), "")
		return follower.Output() != ""
	}) {
		t.Fatal("nothing is followed")
	}
	follower.WaitOutput(`"event":"claim","decision":"refused","program":\{"exe":"","pid":\d+,"uid":65534\}.*"class":"forbidden"`)
	out, status := testutil.Run(t, exec.Command("curl", "-sS", "--unix-socket", g.control(), "http://ssa"+api.PathMetrics), "")
	if status != 0 || !regexp.MustCompile(`(?m)^ssa_forged_claims_total [1-9]`).MatchString(out) || regexp.MustCompile(`pid|exe=|path=`).MatchString(out) {
		t.Errorf("curl ended with %d:\n%s", status, out)
	}
	g.role("").signal(t, linux.SIGUSR2) // the successor goes on with it
	g.daemon.WaitOutput(`a successor serves`)
	g.says(0, []string{"policy", "reload"}, `reloaded`)
	follower.WaitOutput(`"event":"policy","decision":"allowed"`)
	g.role("").signal(t, linux.SIGTERM)
	if status := follower.Wait(); status != 125 || !strings.Contains(follower.Output(), "ssa: no ssad answers") {
		t.Errorf("the follower ended with %d", status)
	}
}

// What drains is still shown, and explained; what comes later is in another process.
func TestControlAfterUpgrade(t *testing.T) {
	g := govern(t, map[string]string{"ssa/policy.toml": twoVersions})
	peer := testutil.OpenSSLServer(t, g.p.server, "-rev", "-tls1_2")
	d := g.driver()
	d.open("c", g.p, peer.Addr.Port())
	id := d.tlsID("c")
	g.role("").signal(t, linux.SIGUSR2)
	if !eventually(func() bool { out, _ := g.ask("conns"); return strings.Contains(out, id+"* ") }) {
		t.Fatal("a connection that drains is not shown")
	}
	g.says(0, []string{"status"}, `draining +process \d+, 1 connections`)
	g.says(0, []string{"policy", "explain", id}, `allowed`, `now +live`)
	g.write("ssa/policy.toml", "versions = [\"TLS1.3\"]\n")
	g.says(0, []string{"policy", "reload", "--enforce"}, `closed +`+id)
	if r := d.call("read", "c", 100); r.Errno != "ECONNRESET" {
		t.Errorf("the connection that was closed: %+v", r)
	}
	if !eventually(func() bool { out, _ := g.ask("status"); return !strings.Contains(out, "draining") }) {
		t.Error("the process that has drained is still asked")
	}
}

// A service without a daemon writes records where it is told to, and notices a new policy by itself.
func TestControlEmbedded(t *testing.T) {
	p, m := newPKI(t), police(t, map[string]string{"ssa/policy.toml": twoVersions})
	records := filepath.Join(filepath.Dir(m.log), "audit.jsonl")
	cmd := m.command(ssaPath(t), "run", "--service=embedded", "--log", m.log, "--audit", records, "--", testutil.Python(t), "-B", "programs/python/sockdrv.py")
	d := drive(t, cmd)
	write := func(text string) {
		path := fmt.Sprintf("/proc/%d/root/etc/ssa/policy.toml", cmd.Process.Pid)
		if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o644), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	log := func(text string) bool { return eventually(func() bool { return strings.Contains(m.logged(t), text) }) }
	old := func() uint16 { return testutil.OpenSSLServer(t, p.server, "-rev", "-tls1_2").Addr.Port() }
	d.open("first", p, old())
	d.must("close", "first")

	const unused = "the policy has changed and is not used"
	write("versions = [\"TLS1.4\"]\n")
	if !log(unused) {
		t.Fatal("a broken policy is not told of")
	}
	d.open("second", p, old())
	write("\nversions = [\"TLS1.3\"]\n")
	if !log(`msg="the policy has changed" files=1`) {
		t.Fatal("a new policy is not noticed")
	}
	if n := strings.Count(m.logged(t), unused); n != 1 {
		t.Errorf("a broken policy is told of %d times", n)
	}
	d.talk("second")
	d.must("socket", "third")
	d.must("set", "third", abi.TLSTrustedPeerCertificates, p.ca.Path)
	if r := d.call("connect", "third", "localhost", old()); r.Errno != "EPROTO" {
		t.Errorf("TLS 1.2 under the new policy: %+v", r)
	}
	for _, want := range []string{
		`"event":"connection","decision":"allowed",.*"in_force":\[\{"file":"/etc/ssa/policy.toml","line":1,"key":"versions"`,
		`"decision":"closed"`, `"event":"policy","decision":"refused"`, `"event":"policy","decision":"allowed","text":"1 file, 0 profiles"`,
		`"decision":"refused",.*"line":2,"key":"versions","value":"TLS1.3".*"class":"protocol"`,
	} {
		if !eventually(func() bool { text, _ := os.ReadFile(records); return regexp.MustCompile(want).Match(text) }) {
			text, _ := os.ReadFile(records)
			t.Errorf("there is no record %s in\n%s", want, text)
		}
	}
}
