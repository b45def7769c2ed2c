package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
)

// What reading a policy of 1,000 profiles and a decision by it may take.
const (
	profilesMax = 1000
	loadMost    = 100 * time.Millisecond
	decideMost  = 20 * time.Microsecond
)

// decisions measures the administrator's policy. Without is not a program here but what it may take.
func decisions(*workshop) ([]row, error) {
	o, text := config.System(engine.Caps(), time.Now()), []byte(profiles())
	var inForce *policy.Policy
	load, err := repeat(20, 1, func() error {
		r := config.Parse(o, "policy.toml", text)
		inForce = r.Policy
		return r.Err()
	})
	if err != nil {
		return nil, err
	}
	rows := []row{{Name: fmt.Sprintf("load %d profiles", profilesMax), Unit: "ms", With: load / 1e6, Without: float64(loadMost) / 1e6, Samples: 20}}
	now := time.Now()
	for _, d := range []struct {
		name string
		who  policy.Subject
	}{
		{"by the executable", policy.Subject{Exe: "/usr/bin/program99", UID: 3001}},
		{"by a pattern", policy.Subject{Exe: "/opt/vendor99/bin/x", UID: 3001}},
		{"by nothing", policy.Subject{Exe: "/usr/local/bin/other", Unit: "user@1000.service", UID: 1000}},
	} {
		took, err := repeat(20, 2000, func() error {
			inForce.Decide(d.who, policy.Client, policy.Dest{Host: "a.h99.example", Port: 443}, now)
			return nil
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{Name: "decide " + d.name, Unit: "µs", With: took / 1e3, Without: float64(decideMost) / 1e3, Samples: 20})
	}
	for i := range rows {
		rows[i].Group = "policy, against what it may take"
	}
	return rows, nil
}

// repeat gives the median nanoseconds of what is done in a number of rounds, each so many times.
func repeat(rounds, times int, do func() error) (float64, error) {
	var took []float64
	for range rounds {
		begun := time.Now()
		for range times {
			if err := do(); err != nil {
				return 0, err
			}
		}
		took = append(took, float64(time.Since(begun))/float64(times))
	}
	return median(took), nil
}

// profiles is a policy with as many, half of them for executables and half for patterns, each with a destination.
func profiles() string {
	var b strings.Builder
	for i := range profilesMax / 2 {
		fmt.Fprintf(&b, "[profile.exe%d]\nmatch = { exe = \"/usr/bin/program%d\" }\nextends = \"modern-2026\"\n", i, i)
		fmt.Fprintf(&b, "[[profile.exe%d.destination]]\nhost = \"*.h%d.example\"\nversions = [\"TLS1.3\"]\n", i, i)
		fmt.Fprintf(&b, "[profile.glob%d]\nmatch = { exe = \"/opt/vendor%d/**\" }\nrsa_bits_min = 3072\n", i, i)
		fmt.Fprintf(&b, "[[profile.glob%d.destination]]\nhost = \"*.h%d.example\"\nport = 443\n", i, i)
	}
	return b.String()
}
