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

func TestGiveBack(t *testing.T) {
	for _, tt := range []struct {
		name        string
		bytes       uint64
		calm, burst bool
	}{
		{"ok nothing", 0, true, false},
		{"ok a connection now and then", 500 << 10, true, false},
		{"ok handshakes", 5 << 20, false, false},
		{"ok a thousand handshakes", 60 << 20, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if calm, burst := daemon.Calm(tt.bytes), daemon.Burst(tt.bytes); calm != tt.calm || burst != tt.burst {
				t.Errorf("calm, burst (-want +got):\n-%v %v\n+%v %v", tt.calm, tt.burst, calm, burst)
			}
		})
	}
}
