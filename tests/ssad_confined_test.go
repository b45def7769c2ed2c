package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// The processes that read what others send, and that hold keys, confine themselves: the calls they made say that nothing
// is writable to them but what is theirs. What such a call takes from a process is tried in internal/daemon.
func TestSsadConfined(t *testing.T) {
	testutil.Require(t, testutil.Root(), testutil.Program("strace"), testutil.Landlock())
	m := emptyMachine(t)
	log := filepath.Join(m.dir, "calls")
	m.daemon = testutil.Start(t, exec.Command("strace", "-f", "-y", "-s", "200", "-e", "trace=execve,clone,clone3,landlock_add_rule,landlock_restrict_self,seccomp",
		"-o", log, must(t, buildSSAD()), "--socket="+m.socket(), "--state-dir="+filepath.Join(m.dir, "state"), "--user=nobody"))
	m.daemon.WaitOutput(`msg=serving`)
	for _, master := range children(process(m.daemon.PID())) {
		master.signal(t, linux.SIGTERM)
	}
	m.daemon.Wait()
	calls := byProcess(t, log)
	state := filepath.Join(m.dir, "state")
	for role, writable := range map[string]string{"network": state, "keys": "", "judges": "/dev/null " + filepath.Join(state, "judges")} {
		text := calls[role]
		if text == "" {
			t.Fatalf("there is no %s process", role)
		}
		if filtered := regexp.MustCompile(`(?m)^seccomp\(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC.*(?: = 0|<unfinished \.\.\.>)$`).MatchString(text); filtered != (role != "judges") {
			t.Errorf("%s gives up the network: %v", role, filtered)
		}
		if !strings.Contains(text, "landlock_restrict_self") {
			t.Errorf("%s does not confine itself:\n%s", role, text)
		}
		var got []string
		for _, call := range strings.Split(text, "\n") {
			rule := regexp.MustCompile(`allowed_access=([A-Z_|0-9a-fx]+), parent_fd=\d+<([^>]*)>`).FindStringSubmatch(call)
			if rule != nil && strings.Contains(rule[1], "WRITE_FILE") {
				got = append(got, rule[2])
			}
			if rule != nil && strings.Contains(rule[1], "EXECUTE") && role != "judges" {
				t.Errorf("%s may execute: %s", role, call)
			}
		}
		if strings.Join(got, " ") != writable {
			t.Errorf("writable to %s (-want +got):\n-%s\n+%s", role, writable, strings.Join(got, " "))
		}
	}
}

// byProcess has the calls of all threads of each process of ssad, by its role, from what strace has written.
func byProcess(t *testing.T, log string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	parent, role := map[string]string{}, map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\d+) +(?:clone3?\(|<\.\.\. clone3? resumed>).* = (\d+)`).FindAllSubmatch(text, -1) {
		parent[string(m[2])] = string(m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^(\d+) +execve\("[^"]*", \["ssad", "(\w+)"`).FindAllSubmatch(text, -1) {
		role[string(m[1])] = string(m[2])
	}
	calls := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\d+) +((?:landlock|seccomp).*)$`).FindAllSubmatch(text, -1) {
		thread := string(m[1])
		for role[thread] == "" && parent[thread] != "" {
			thread = parent[thread]
		}
		calls[role[thread]] += string(m[2]) + "\n"
	}
	return calls
}
