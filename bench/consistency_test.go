package main

import (
	"bufio"
	"cmp"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience bounds whatever a test waits for.
const patience = 30 * time.Second

// traced is a peer that tells of each connection.
type traced struct {
	w     *workshop
	port  string
	lines chan string
}

func newTraced(t *testing.T) *traced {
	t.Helper()
	t.Chdir("..")
	if _, err := os.Stat("bin/ssa"); err != nil {
		if out, err := exec.Command("go", "build", "-o", "bin/ssa", "./cmd/ssa").CombinedOutput(); err != nil {
			t.Fatalf("build ssa: %v\n%s", err, out)
		}
	}
	w, err := newWorkshop(t.Context(), io.Discard, workDir+"-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	out, err := w.background(w.path("peer"), w.path("ecdsa.pem"), w.path("ecdsa.key"), "trace")
	if err != nil {
		t.Fatal(err)
	}
	p := &traced{w: w, lines: make(chan string, 100)}
	lines := bufio.NewScanner(out)
	lines.Scan()
	p.port = lines.Text()
	w.ports["ecdsa"] = p.port
	go func() {
		for lines.Scan() {
			p.lines <- lines.Text()
		}
	}()
	return p
}

// next is what the peer tells of the next connection; data says that one without any is somebody's who only knocked.
func (p *traced) next(t *testing.T, data bool) string {
	t.Helper()
	for {
		select {
		case line := <-p.lines:
			if !data || !strings.Contains(line, " in=0:") {
				return line
			}
		case <-time.After(patience):
			t.Fatal("the peer tells of no connection")
		}
	}
}

func (p *traced) drain() {
	for len(p.lines) > 0 {
		<-p.lines
	}
}

// run runs a client and says whether it succeeded.
func (p *traced) run(t *testing.T, command []string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("%v: %s", err, out)
	}
	return err == nil
}

// TestSidesDoTheSame compares what the peer sees of each side in each mode that is measured: version, suite, groups, name,
// every byte both ways, and the alerts. Nothing is gained by leaving something out.
func TestSidesDoTheSame(t *testing.T) {
	p := newTraced(t)
	fresh, err := p.w.proxies(proxied{tag: "-test", to: p.port})
	if err != nil {
		t.Fatal(err)
	}
	resuming, err := p.w.proxies(proxied{tag: "-test-resume", to: p.port, resume: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		work    []string
		proxies []side
		// connections are how many the peer sees.
		connections int
	}{
		{[]string{"full", "1"}, fresh, 1}, {[]string{"fetch", "1", "1000000"}, fresh, 1}, {[]string{"resumed", "2"}, resuming, 2},
		{[]string{"refetch", "2", "1000"}, resuming, 2}, {[]string{"download", "3", "300000"}, fresh, 1}, {[]string{"upload", "3", "300000"}, fresh, 1},
		{[]string{"many-down", "1", "800000"}, fresh, 8}, {[]string{"many-up", "1", "800000"}, fresh, 8}, {[]string{"ping", "20"}, fresh, 1},
	} {
		t.Run(row.work[0], func(t *testing.T) {
			want := ""
			for _, s := range append(p.w.libraries(), row.proxies...) {
				p.drain()
				if !p.run(t, s.client(p.w, p.port, row.work...)) {
					t.Fatalf("%s: the client fails", s.name)
				}
				got := p.seen(t, row.connections)
				if s.name == ssaSide {
					want = got
					sane(t, got)
				}
				if got, want := comparable(s, got), comparable(s, want); got != want {
					t.Errorf("the peer of %s sees (-ssa +%s):\n-%s\n+%s", s.name, s.name, want, got)
				}
			}
		})
	}
}

// comparable leaves out what is a proxy's own affair: when it says goodbye, whose sessions it has (TestProxiesResume), and
// the groups that ghostunnel cannot do without.
func comparable(s side, seen string) string {
	if s.proxy != "" {
		seen = regexp.MustCompile(` resumed=\d| alerts=.*`).ReplaceAllString(seen, "")
	}
	if s.name == ghostunnelSide {
		seen = regexp.MustCompile(` groups=(\d+)\S*`).ReplaceAllString(seen, " groups=$1")
	}
	return seen
}

// TestProxiesResume has proxies resume sessions when they are to; nginx has some in each of its processes.
func TestProxiesResume(t *testing.T) {
	p := newTraced(t)
	proxies, err := p.w.proxies(proxied{tag: "-test-sessions", to: p.port, resume: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range proxies {
		if s.name == ghostunnelSide {
			continue // it has no sessions
		}
		t.Run(s.name, func(t *testing.T) {
			p.drain()
			if !p.run(t, s.client(p.w, p.port, "resumed", "20")) {
				t.Fatal("the client fails")
			}
			if seen := p.seen(t, 20); strings.Count(seen, "resumed=1") < 15 {
				t.Errorf("the peer sees\n%s", seen)
			}
		})
	}
}

// seen is what the peer tells of some connections, in an order that does not depend on theirs.
func (p *traced) seen(t *testing.T, connections int) string {
	t.Helper()
	var lines []string
	for range connections {
		lines = append(lines, p.next(t, true))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestServersDoTheSame compares what a client sees of each server in each mode that is measured: version, suite, group, the
// certificate, the file and the alerts.
func TestServersDoTheSame(t *testing.T) {
	w := newTraced(t).w
	for _, key := range []string{"ecdsa", "rsa"} {
		all, err := w.webServers(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []string{"close", "keep", "reuse"} {
			t.Run(key+" "+mode, func(t *testing.T) {
				want := ""
				for _, s := range all {
					got := look(t, w, s.port, mode)
					if s.name == ssaSide {
						want = got
						saneServer(t, got, mode == "reuse")
					}
					if got != want {
						t.Errorf("a client of %s sees (-ssa +%s):\n-%s\n+%s", s.name, s.name, want, got)
					}
				}
			})
		}
	}
}

func look(t *testing.T, w *workshop, port, mode string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.path("look"), w.path("ca.pem"), peerName, port, "/1k.txt", mode)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", cmd, err, out)
	}
	return string(out)
}

func saneServer(t *testing.T, lines string, resumed bool) {
	t.Helper()
	const like = `TLSv1\.3 TLS_AES_128_GCM_SHA256 group=1034 verified=0 certificate=\w{16} resumed=%RESUMED file=1024:\w+ alerts=got:close notify,sent:close notify\n`
	want := strings.ReplaceAll(like, "%RESUMED", "0")
	if resumed {
		want += strings.ReplaceAll(like, "%RESUMED", "1")
	}
	if !regexp.MustCompile("^" + want + "$").MatchString(lines) {
		t.Errorf("a client sees %q", lines)
	}
}

// sane holds ours against what is expected, or all could be wrong alike.
func sane(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		if !regexp.MustCompile(`^TLSv1\.3 TLS_AES_128_GCM_SHA256 groups=1034 sni=localhost resumed=[01] in=\d+:\w+ out=\d+:\w+ alerts=got:close notify,sent:close notify$`).MatchString(strings.TrimSpace(line)) {
			t.Errorf("the peer sees %q", line)
		}
	}
}

// TestSidesVerify has each side meet a peer it must not believe: it fails, says so to the peer, and sends nothing.
func TestSidesVerify(t *testing.T) {
	p := newTraced(t)
	other := p.w.path("other.pem")
	if err := p.w.command("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=other", "-keyout", p.w.path("other.key"), "-out", other,
		"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, ca, host string }{
		{"bad authority", other, peerName},
		{"bad name", p.w.path("ca.pem"), "other.example"},
	} {
		proxies, err := p.w.proxies(proxied{tag: "-" + dashed(row.name), to: p.port, ca: row.ca, host: row.host})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(p.w.libraries(), proxies...) {
			t.Run(row.name+" "+s.name, func(t *testing.T) {
				p.drain()
				port := cmp.Or(s.proxy, p.port)
				command := append(append([]string{}, s.under...), p.w.path(s.program), row.ca, row.host, port, "fetch", "1", "1000")
				if p.run(t, command) {
					t.Error("the client believes the peer")
				}
				line := p.next(t, false)
				if !strings.Contains(line, " in=0:") || !regexp.MustCompile(`alerts=(got:|sent:).*`).MatchString(line) {
					t.Errorf("the peer sees %q", line)
				}
			})
		}
	}
}

// TestSessionsAreShared checks what the figure calls shared: the second process of a tree resumes the first's session.
func TestSessionsAreShared(t *testing.T) {
	p := newTraced(t)
	ours := p.w.libraries()[0]
	under := ours.under
	ours.under = nil
	one := ours.client(p.w, p.port, "refetch", "1", "1000")
	script := append(append([]string{}, under...), append([]string{"sh", "-c", `"$@" && "$@"`, "sh"}, one...)...)
	if !p.run(t, script) {
		t.Fatal("the clients fail")
	}
	if first, second := p.next(t, true), p.next(t, true); !strings.Contains(first, "resumed=0") || !strings.Contains(second, "resumed=1") {
		t.Errorf("the peer sees\n%s\n%s", first, second)
	}
}

func TestReached(t *testing.T) {
	r := &results{}
	r.add(series{Group: "g", Name: "n", Side: ssaSide}, 3, 1, 2)
	r.add(series{Group: "g", Name: "n", Side: opensslSide}, 4, 4, 4)
	r.add(series{Group: "g", Name: "n", Side: ssaSide, X: 10}, 5)
	r.add(series{Group: "g", Name: "n", Side: ssaSide, X: 100}, 100)
	for _, row := range []struct {
		name   string
		target target
		value  float64
		ok     bool
	}{
		{"ok ratio", target{group: "g", name: "n", side: ssaSide, base: opensslSide, limit: 0.5}, 0.5, true},
		{"bad ratio", target{group: "g", name: "n", side: ssaSide, base: opensslSide, limit: 0.4}, 0.5, false},
		{"ok at least", target{group: "g", name: "n", side: ssaSide, base: opensslSide, limit: 0.4, least: true}, 0.5, true},
		{"bad at least", target{group: "g", name: "n", side: ssaSide, base: opensslSide, limit: 0.6, least: true}, 0.5, false},
		{"ok difference", target{group: "g", name: "n", side: ssaSide, base: opensslSide, minus: true, limit: 0}, -2, true},
		{"ok growth", target{group: "g", name: "n", side: ssaSide, x: 100, from: 10, limit: 2}, 2, true},
		{"bad growth", target{group: "g", name: "n", side: ssaSide, x: 100, from: 10, limit: 1.1}, 2, false},
		{"ok quantile", target{group: "g", name: "n", side: ssaSide, quantile: 0.99, limit: 3}, 3, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			value, ok, known := r.reached(row.target)
			if value != row.value || ok != row.ok || !known {
				t.Errorf("reached: %v %v %v, want %v %v", value, ok, known, row.value, row.ok)
			}
		})
	}
	if _, _, known := r.reached(target{group: "g", name: "x", side: ssaSide}); known {
		t.Error("a target without numbers has a verdict")
	}
}

// TestSlowNetwork has an exchange over the network with delay take the round trips that it has.
func TestSlowNetwork(t *testing.T) {
	w := newTraced(t).w
	n, err := w.slowNetwork()
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	t.Log(w.results.Notes)
	trips := 2.0 // of TLS; the relay does not delay TCP's
	if strings.HasPrefix(n.peer, farAddress) {
		trips = 3
	}
	for _, s := range w.libraries() {
		took, err := w.sample(1e-6, s.client(w, n.peer, "full", "1")...)
		if err != nil || took[0] < trips*20 {
			t.Errorf("%s: the exchange took %v ms, %v; want %v round trips of 20 ms", s.name, took, err, trips)
		}
	}
}

// TestNotesAboutTargets has the notes say why for every target, or a missed one would stand there without a word.
func TestNotesAboutTargets(t *testing.T) {
	t.Chdir("..")
	notes := readNotes()
	for _, target := range targets() {
		if target.base == "" && target.from == 0 && target.x == 0 {
			continue // those of the policy and of judges are far off their limits
		}
		if !slices.ContainsFunc(notes, func(n note) bool {
			of, about := strings.CutPrefix(n.title, missedTitle)
			return about && strings.HasPrefix(target.group, of) && len(n.text) > 100
		}) {
			t.Errorf("%s says nothing about %q", notesFile, target)
		}
	}
}
