package main

import (
	"fmt"
	"maps"
	"slices"
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

// policyGroup and the names of its rows.
const (
	policyGroup = "policy of 1000 profiles"
	loadName    = "load"
)

// decided are the ways to find a profile, with somebody whose it is.
func decided() map[string]policy.Subject {
	return map[string]policy.Subject{
		"decide by the executable": {Exe: "/usr/bin/program99", UID: 3001},
		"decide by a pattern":      {Exe: "/opt/vendor99/bin/x", UID: 3001},
		"decide by nothing":        {Exe: "/usr/local/bin/other", Unit: "user@1000.service", UID: 1000},
	}
}

// decisions measures the administrator's policy.
func decisions(w *workshop) error {
	w.say("%s", policyGroup)
	now := time.Now()
	o, text := config.System(engine.Caps(), now), []byte(profiles())
	var inForce *policy.Policy
	load, err := repeat(20, 1, func() error {
		r := config.Parse(o, "policy.toml", text)
		inForce = r.Policy
		return r.Err()
	})
	if err != nil {
		return err
	}
	w.results.add(series{Group: policyGroup, Name: loadName, Unit: "ms", Side: ssaSide}, load/1e6)
	for _, name := range slices.Sorted(maps.Keys(decided())) {
		who := decided()[name]
		took, err := repeat(20, 2000, func() error {
			inForce.Decide(who, policy.Client, policy.Dest{Host: "a.h99.example", Port: 443}, now)
			return nil
		})
		if err != nil {
			return err
		}
		w.results.add(series{Group: policyGroup, Name: name, Unit: "µs", Side: ssaSide}, took/1e3)
	}
	return nil
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
	return (&series{Samples: took}).median(), nil
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
