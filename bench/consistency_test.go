package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"regexp"
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
	w, err := newWorkshop(t.Context(), io.Discard)
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

// TestSidesDoTheSame compares what the peer sees of each side: version, suite, name, every byte both ways, and the
// alerts. Nothing is gained by leaving something out.
func TestSidesDoTheSame(t *testing.T) {
	p := newTraced(t)
	proxies, err := p.w.proxies(proxied{to: p.port})
	if err != nil {
		t.Fatal(err)
	}
	for _, work := range [][]string{
		{"full", "1"}, {"fetch", "1", "1000000"}, {"download", "3", "300000"}, {"upload", "3", "300000"}, {"ping", "20"},
	} {
		t.Run(work[0], func(t *testing.T) {
			want := ""
			for _, s := range append(p.w.libraries(), proxies...) {
				p.drain()
				if !p.run(t, s.client(p.w, p.port, work...)) {
					t.Fatalf("%s: the client fails", s.name)
				}
				got := p.next(t, true)
				if s.name == ssaSide {
					want = got
					sane(t, got)
					continue
				}
				if s.proxy != "" { // whether a proxy says goodbye is its own affair
					got, want := withoutAlerts(got), withoutAlerts(want)
					if got != want {
						t.Errorf("the peer of %s sees (-ssa +%s):\n-%s\n+%s", s.name, s.name, want, got)
					}
					continue
				}
				if got != want {
					t.Errorf("the peer of %s sees (-ssa +%s):\n-%s\n+%s", s.name, s.name, want, got)
				}
			}
		})
	}
}

// sane holds ours against what is expected, or all could be wrong alike.
func sane(t *testing.T, line string) {
	t.Helper()
	if !regexp.MustCompile(`^TLSv1\.3 TLS_AES_128_GCM_SHA256 sni=localhost resumed=0 in=\d+:\w+ out=\d+:\w+ alerts=got:close notify,sent:close notify$`).MatchString(line) {
		t.Errorf("the peer sees %q", line)
	}
}

func withoutAlerts(line string) string {
	head, _, _ := strings.Cut(line, " alerts=")
	return head
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
		for _, s := range p.w.libraries() {
			t.Run(row.name+" "+s.name, func(t *testing.T) {
				p.drain()
				command := append(append([]string{}, s.under...), p.w.path(s.program), row.ca, row.host, p.port, "fetch", "1", "1000")
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
