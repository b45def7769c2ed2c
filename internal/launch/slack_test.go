package launch

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

func TestSlack(t *testing.T) {
	before, err := linux.TimerSlack()
	if err != nil {
		t.Fatal(err)
	}
	var inherited []byte
	err = WithSlack(70*time.Microsecond, func() (err error) {
		inherited, err = exec.Command("cat", "/proc/self/timerslack_ns").Output()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(inherited)); got != "70000" {
		t.Errorf("the process that was started has %s ns, want 70000", got)
	}
	if after, err := linux.TimerSlack(); err != nil || after != before {
		t.Errorf("afterwards: got %v and %v, want %v", after, err, before)
	}
}
