package plugin_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/sandbox"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/plugin"
)

// journal collects what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(b)
	close(j.more)
	j.more = make(chan struct{})
	return len(b), nil
}

// wait waits until the journal has a text n times.
func (j *journal) wait(t *testing.T, text string, n int) {
	t.Helper()
	deadline := time.After(testutil.Patience)
	for {
		j.mu.Lock()
		count, more := strings.Count(j.text.String(), text), j.more
		j.mu.Unlock()
		if count >= n {
			return
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("not %d times %q in\n%s", n, text, j.text.String())
		}
	}
}

// act starts one of the plugins of main_test.go.
func act(t *testing.T, name string, timeout time.Duration) (*plugin.Judge, *journal) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, plugin.Config{Path: self, Args: []string{"act", name}, Timeout: timeout, Launcher: sandbox.Launcher(self, false, false)})
}

func start(t *testing.T, c plugin.Config) (*plugin.Judge, *journal) {
	t.Helper()
	log := &journal{more: make(chan struct{})}
	c.Name, c.Logger = "act", slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	j, err := plugin.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", j, err)
		}
	})
	<-j.Ready()
	return j, log
}

func question(host string) *judge.Question {
	return &judge.Question{Host: host, Port: 443, Chain: []*x509.Certificate{{Raw: []byte("leaf")}, {Raw: []byte("issuer")}}, Time: time.Unix(1e9, 0)}
}

func check(t *testing.T, v judge.Verdict, want judge.Answer, reason string) {
	t.Helper()
	if v.Answer != want || !strings.Contains(v.Reason, reason) {
		t.Errorf("%s: %s; want %s with %q", v.Answer, v.Reason, want, reason)
	}
}

// long is enough for a plugin that answers.
const long = testutil.Patience

func TestAnswers(t *testing.T) {
	j, _ := act(t, "host", long)
	for _, want := range []judge.Answer{judge.Valid, judge.Invalid, judge.Abstain, judge.Error} {
		v := j.Judge(t.Context(), question(want.String()))
		check(t, v, want, "because of "+want.String())
		if !v.Until.IsZero() {
			t.Errorf("%s is kept until %v", want, v.Until)
		}
	}
	if j.Name() != "act" || j.String() != "plugin act" {
		t.Errorf("it is called %q and %q", j.Name(), j)
	}
}

func TestRequest(t *testing.T) {
	j, _ := act(t, "echo", long)
	q := question("www.example.com")
	q.Remote, q.Role, q.App = netip.MustParseAddrPort("192.0.2.1:443"), judge.Client, "/usr/bin/curl"
	q.OCSP, q.SCTs = []byte("stapled"), [][]byte{{1}, {2}}
	check(t, j.Judge(t.Context(), q), judge.Valid,
		"1 www.example.com 443 192.0.2.1:443 client /usr/bin/curl 2001-09-09T01:46:40Z 2/4 stapled 2")
	q.Chain[0].Raw = make([]byte, plugin.RequestMax)
	check(t, j.Judge(t.Context(), q), judge.Error, "too large")
	q.Chain[0].Raw = make([]byte, plugin.RequestMax/2)
	check(t, j.Judge(t.Context(), q), judge.Valid, "2/524288")
}

// TestPipelined: requests are answered in any order.
func TestPipelined(t *testing.T) {
	j, _ := act(t, "reversed", long)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			host := fmt.Sprintf("host-%d.example", i)
			check(t, j.Judge(t.Context(), question(host)), judge.Valid, host)
		})
	}
	all.Wait()
}

func TestTTL(t *testing.T) {
	j, _ := act(t, "ttl", long)
	v := j.Judge(t.Context(), question("www.example.com"))
	check(t, v, judge.Invalid, "gave no reason")
	if want := time.Unix(1e9+90, 0); !v.Until.Equal(want) {
		t.Errorf("kept until %v, want %v", v.Until, want)
	}
}

// TestMisbehaviour: each is an error with its reason, and the plugin is started again.
func TestMisbehaviour(t *testing.T) {
	for name, reason := range map[string]string{
		"ends":     "exit status 7",
		"garbage":  "no JSON object",
		"stranger": "none outstanding",
		"wrong":    "none of valid, invalid",
		"line":     "a line of more than",
		"closes":   "closed its standard output",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, log := act(t, name, long)
			check(t, j.Judge(t.Context(), question("www.example.com")), judge.Error, reason)
			log.wait(t, "a plugin does not work", 1)
			log.wait(t, "a plugin was started", 2)
		})
	}
}

// TestTwice: the second answer to a request ends the plugin, the first counts.
func TestTwice(t *testing.T) {
	j, log := act(t, "twice", long)
	check(t, j.Judge(t.Context(), question("www.example.com")), judge.Valid, "one")
	log.wait(t, "none outstanding", 1)
}

// TestLastWords: what the plugin has said at last is in the log and in the reason, without control characters.
func TestLastWords(t *testing.T) {
	j, log := act(t, "ends", long)
	check(t, j.Judge(t.Context(), question("www.example.com")), judge.Error, "")
	log.wait(t, "it said: out of  paper", 1)
}

// TestBackOff: a plugin that ends at once is started less and less often, and until then the answer is error at once.
func TestBackOff(t *testing.T) {
	j, log := act(t, "at once", long)
	log.wait(t, "pause=400ms", 1)
	check(t, j.Judge(t.Context(), question("www.example.com")), judge.Error, "")
}

// TestSlow: without an answer the judge gives up; a plugin that answers others meanwhile is left alone.
func TestSlow(t *testing.T) {
	j, _ := act(t, "silent", 50*time.Millisecond)
	check(t, j.Judge(t.Context(), question("www.example.com")), judge.Error, "none came in")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, j.Judge(ctx, question("www.example.com")), judge.Error, "gave no answer")
}

// TestHangs: a plugin that has answered and then answers nothing any more is started again.
func TestHangs(t *testing.T) {
	j, log := act(t, "once", 300*time.Millisecond)
	for j.Judge(t.Context(), question("www.example.com")).Answer != judge.Valid {
		// Starting may take longer than the timeout; the plugin is not killed for it.
	}
	check(t, j.Judge(t.Context(), question("www.example.com")), judge.Error, "")
	log.wait(t, "it has answered nothing for 300ms", 1)
	log.wait(t, "a plugin was started", 2)
}

// TestDeaf: requests to a plugin that reads nothing are bounded.
func TestDeaf(t *testing.T) {
	j, _ := act(t, "deaf", 50*time.Millisecond)
	q := question("www.example.com")
	q.Chain[0].Raw = make([]byte, 100<<10)
	var all sync.WaitGroup
	for range 300 {
		all.Go(func() { check(t, j.Judge(t.Context(), q), judge.Error, "") })
	}
	all.Wait()
	check(t, j.Judge(t.Context(), q), judge.Error, "requests are waiting")
}

// TestFlood: what a plugin says without end is neither kept nor logged without end, and in the end it is started again.
func TestFlood(t *testing.T) {
	_, log := act(t, "floods", long)
	log.wait(t, "lines to its standard error at once", 1)
	log.wait(t, "a plugin was started", 2)
	log.mu.Lock()
	defer log.mu.Unlock()
	first, _, _ := strings.Cut(log.text.String(), "a plugin does not work")
	if n := strings.Count(first, "more and more"); n < 20 || n > 40 {
		t.Errorf("%d lines were logged", n)
	}
}

// TestKilled: a plugin that somebody kills is started again; who waited has an error.
func TestKilled(t *testing.T) {
	j, log := act(t, "pid", long)
	pid, err := strconv.Atoi(j.Judge(t.Context(), question("www.example.com")).Reason)
	if err != nil {
		t.Fatal(err)
	}
	if err := linux.Kill(pid, linux.SIGKILL); err != nil {
		t.Fatal(err)
	}
	log.wait(t, "signal: killed", 1)
	log.wait(t, "a plugin was started", 2)
	for j.Judge(t.Context(), question("www.example.com")).Answer != judge.Valid {
		// between two runs
	}
}

// TestGroup: what a plugin has started ends with it.
func TestGroup(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	j, err := plugin.New(plugin.Config{Name: "parent", Path: self, Args: []string{"act", "parent"}, Timeout: long, Launcher: sandbox.Launcher(self, false, false)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	<-j.Ready()
	v := j.Judge(t.Context(), question("www.example.com"))
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	check(t, v, judge.Valid, "")
	for deadline := time.Now().Add(testutil.Patience); alive(v.Reason); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("process %s is still there", v.Reason)
		}
	}
	check(t, j.Judge(t.Context(), question("www.example.com")), judge.Error, "the service ends")
}

// alive says whether a process runs: one that has ended has no executable any more.
func alive(pid string) bool {
	_, err := os.Readlink("/proc/" + pid + "/exe")
	return err == nil
}

// TestSandbox: the plugin reads the machine's public files and can do nothing else.
func TestSandbox(t *testing.T) {
	j, _ := act(t, "inside", long)
	v := j.Judge(t.Context(), question("www.example.com"))
	if v.Answer != judge.Valid || v.Reason != "could " {
		t.Errorf("%s: the plugin %s", v.Answer, v.Reason)
	}
}

// TestGrants: a plugin gets a directory to write in, and the network, when its configuration says so.
func TestGrants(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	j, _ := start(t, plugin.Config{Path: self, Args: []string{"act", "state"}, Timeout: long, Launcher: sandbox.Launcher(self, true, true), Dir: dir})
	check(t, j.Judge(t.Context(), question(".")), judge.Valid, "could listen")
	if b, err := os.ReadFile(dir + "/kept"); err != nil || string(b) != "kept" {
		t.Errorf("the plugin kept %q, %v", b, err)
	}
	check(t, j.Judge(t.Context(), question(t.TempDir())), judge.Invalid, "permission denied")
}

// TestNoProgram: what cannot be executed says so.
func TestNoProgram(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/nonexistent/plugin": "no such file", "/etc/passwd": "permission denied"} {
		_, log := start(t, plugin.Config{Path: path, Launcher: sandbox.Launcher(self, false, false)})
		log.wait(t, want, 1)
	}
}

func TestConfig(t *testing.T) {
	good := plugin.Config{Name: "n", Path: "/bin/true", Launcher: []string{"/bin/true"}}
	if _, err := plugin.New(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*plugin.Config){
		"bad no name":       func(c *plugin.Config) { c.Name = "" },
		"bad relative path": func(c *plugin.Config) { c.Path = "true" },
		"bad no launcher":   func(c *plugin.Config) { c.Launcher = nil },
		"bad timeout":       func(c *plugin.Config) { c.Timeout = -1 },
	} {
		c := good
		change(&c)
		if _, err := plugin.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestUntrusted: a file that is not to be trusted is not executed.
func TestUntrusted(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	j, _ := start(t, plugin.Config{Path: self, Args: []string{"act", "host"}, Launcher: sandbox.Launcher(self, false, false),
		Trusted: func(path string) error { return fmt.Errorf("anybody can write %s", path) }})
	check(t, j.Judge(t.Context(), question("valid")), judge.Error, "anybody can write")
}
