package daemon_test

import (
	"testing"

	"github.com/securesocketapi/ssa/internal/daemon"
)

func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name string
		live uint64
		want int
	}{
		{"ok nothing lives", 0, 400},
		{"ok a small heap", 4 << 20, 400},
		{"ok one as large as the slack", 32 << 20, 100},
		{"ok a large heap", 1 << 30, 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := daemon.Pace(tt.live); got != tt.want {
				t.Errorf("Pace(%d) (-want +got):\n-%d\n+%d", tt.live, tt.want, got)
			}
		})
	}
}
