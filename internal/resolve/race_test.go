package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securesocketapi/ssa/internal/resolve"
)

// script says what the attempt at one address does: it ends after a time, with an error or not, sooner when its
// context ends unless it is stubborn.
type script struct {
	after    time.Duration
	fail     bool
	stubborn bool
}

const never = time.Hour

func (s script) run(ctx context.Context, a netip.Addr) (string, error) {
	done := ctx.Done()
	if s.stubborn {
		done = nil
	}
	select {
	case <-time.After(s.after):
	case <-done:
		return "", ctx.Err()
	}
	if s.fail {
		return "", errors.New(a.String() + " refused")
	}
	return a.String(), nil
}

func addrs(n int) []netip.Addr {
	var all []netip.Addr
	for i := range n {
		all = append(all, netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}))
	}
	return all
}

func TestRace(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name      string
		scripts   []script
		want      string
		wantErr   string
		began     string // when each attempt began, in milliseconds
		took      time.Duration
		discarded string
	}{
		{"ok one address", []script{{after: 40 * ms}}, "192.0.2.1", "", "0", 40 * ms, ""},
		{"ok one slow address", []script{{after: 9000 * ms}}, "192.0.2.1", "", "0", 9000 * ms, ""},
		{"ok first wins before the second begins", []script{{after: 249 * ms}, {}}, "192.0.2.1", "", "0", 249 * ms, ""},
		{"ok second begins after 250 ms and wins", []script{{after: never}, {after: 10 * ms}}, "192.0.2.2", "", "0 250", 260 * ms, ""},
		{"ok first wins although the second began", []script{{after: 300 * ms}, {after: 100 * ms}}, "192.0.2.1", "", "0 250", 300 * ms, ""},
		{"ok failure starts the next at once", []script{{after: 10 * ms, fail: true}, {after: 10 * ms}}, "192.0.2.2", "", "0 10", 20 * ms, ""},
		{"ok delay counts from the last beginning", []script{{after: 100 * ms, fail: true}, {after: never}, {after: 10 * ms}}, "192.0.2.3", "", "0 100 350", 360 * ms, ""},
		{"ok failure of an old attempt starts the next", []script{{after: 300 * ms, fail: true}, {after: never}, {after: 10 * ms}}, "192.0.2.3", "", "0 250 300", 310 * ms, ""},
		{"ok one every 250 ms", []script{{after: never}, {after: never}, {after: never}, {after: 1 * ms}}, "192.0.2.4", "", "0 250 500 750", 751 * ms, ""},
		{"ok late success is discarded", []script{{after: 400 * ms, stubborn: true}, {after: 10 * ms}}, "192.0.2.2", "", "0 250", 400 * ms, "192.0.2.1"},
		{"ok late failure is waited for", []script{{after: 400 * ms, stubborn: true, fail: true}, {after: 10 * ms}}, "192.0.2.2", "", "0 250", 400 * ms, ""},
		{"bad one fails", []script{{after: 5 * ms, fail: true}}, "", "192.0.2.1 refused", "0", 5 * ms, ""},
		{"bad all fail", []script{{fail: true}, {fail: true}, {after: 5 * ms, fail: true}}, "", "192.0.2.3 refused", "0 0 0", 5 * ms, ""},
		{"bad all fail, the last address first", []script{{after: 900 * ms, fail: true}, {after: 10 * ms, fail: true}}, "", "192.0.2.2 refused", "0 250", 900 * ms, ""},
		{"bad none", nil, "", "no address to connect to", "", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				began := make(chan string, len(tt.scripts))
				var discarded []string
				list := addrs(len(tt.scripts))
				got, err := resolve.Race(t.Context(), list, func(ctx context.Context, a netip.Addr) (string, error) {
					began <- fmt.Sprint(time.Since(start).Milliseconds())
					return tt.scripts[slices.Index(list, a)].run(ctx, a)
				}, func(s string) { discarded = append(discarded, s) })
				took := time.Since(start)
				close(began)
				var begins []string
				for b := range began {
					begins = append(begins, b)
				}
				if got != tt.want || errText(err) != tt.wantErr {
					t.Errorf("Race: %q, %v; want %q, %s", got, err, tt.want, tt.wantErr)
				}
				if s := strings.Join(begins, " "); s != tt.began {
					t.Errorf("began at %s ms, want %s", s, tt.began)
				}
				if took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if s := strings.Join(discarded, " "); s != tt.discarded {
					t.Errorf("discarded %q, want %q", s, tt.discarded)
				}
			})
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestRaceEndsWithItsContext(t *testing.T) {
	gone := errors.New("the program went away")
	tests := []struct {
		name      string
		stubborn  bool
		n         int
		discarded int
		want      string
	}{
		{"bad one", false, 1, 0, "connect to 192.0.2.1: the program went away"},
		{"bad several", false, 3, 0, "connect to 192.0.2.1, 192.0.2.2 and 192.0.2.3: the program went away"},
		{"bad many", false, 9, 0, "connect to 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and 1 more: the program went away"},
		{"bad successes after the end", true, 3, 3, "connect to 192.0.2.1, 192.0.2.2 and 192.0.2.3: the program went away"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(1100*time.Millisecond, func() { cancel(gone) })
				discarded := 0
				_, err := resolve.Race(ctx, addrs(tt.n), func(ctx context.Context, a netip.Addr) (string, error) {
					return script{after: 2 * time.Second, stubborn: tt.stubborn}.run(ctx, a)
				}, func(string) { discarded++ })
				if !errors.Is(err, gone) || err.Error() != tt.want {
					t.Errorf("Race (-want +got):\n-%s\n+%v", tt.want, err)
				}
				if discarded != tt.discarded {
					t.Errorf("%d discarded, want %d", discarded, tt.discarded)
				}
			})
		})
	}
}

func TestRaceCancelsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan netip.Addr, 3)
		got, err := resolve.Race(t.Context(), addrs(3), func(ctx context.Context, a netip.Addr) (netip.Addr, error) {
			if a == addrs(3)[2] {
				return a, nil
			}
			<-ctx.Done()
			ended <- a
			return netip.Addr{}, ctx.Err()
		}, func(netip.Addr) { t.Error("nothing was to be discarded") })
		if err != nil || got != addrs(3)[2] || len(ended) != 2 {
			t.Errorf("Race: %v, %v, %d cancelled", got, err, len(ended))
		}
	})
}
