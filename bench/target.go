package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// A target is what a number of ours is held against.
type target struct {
	group, name string
	x           float64
	// from is another x: what counts is how much more each costs at x than there.
	from float64
	// side is ours; base is what it is divided by, or with minus what is subtracted from it. Without a base the
	// number itself counts.
	side, base string
	minus      bool
	// quantile is which number of the samples counts, 0 for the median.
	quantile float64
	limit    float64
	// least says that the number is to be at least the limit, not at most.
	least bool
}

func targets() []target {
	var all []target
	for _, x := range figureCounts {
		limit := 0.75
		if x == 1 {
			limit = 1
		}
		all = append(all, target{group: figureLoop, name: coldName, x: float64(x), side: ssaSide, base: opensslSide, limit: limit})
		if x > 1 {
			all = append(all, target{group: figureLoop, name: sharedName, x: float64(x), side: ssaSide, base: opensslSide, limit: 0.6})
		}
	}
	rate, p99 := ", requests a second", ", p99"
	all = append(all,
		target{group: serverGroup, name: keepName + rate, side: ssaSide, base: sameOpenSSL, limit: 0.9, least: true},
		target{group: serverGroup, name: closeName + rate, side: ssaSide, base: sameOpenSSL, limit: 1, least: true})
	for _, mode := range []string{keepName, closeName} {
		for _, p := range serverProxies() {
			all = append(all, target{group: serverGroup, name: mode + rate, side: ssaSide, base: p.name, limit: 1, least: true},
				target{group: serverGroup, name: mode + p99, side: ssaSide, base: p.name, limit: 1})
		}
	}
	for _, way := range []string{"down", "up"} {
		one, eight := way+", 1 connection", way+", 8 connections"
		all = append(all, target{group: bulkGroup, name: one, side: ssaSide, base: opensslSide, limit: 1 / 0.8},
			target{group: bulkGroup, name: eight, side: ssaSide, base: opensslSide, limit: 1},
			target{group: bulkGroup, name: one + cpuSuffix, side: ssaSide, base: opensslSide, limit: 1.6})
	}
	for _, name := range slices.Sorted(maps.Keys(decided())) {
		all = append(all, target{group: policyGroup, name: name, side: ssaSide, limit: float64(decideMost) / 1e3})
	}
	return append(all,
		target{group: judgesGroup, name: addedName, side: ssaSide, limit: float64(judgesMost) / 1e3},
		target{group: policyGroup, name: loadName, side: ssaSide, limit: float64(loadMost) / 1e6},
		target{group: latencyGroup, name: "round trip", side: ssaSide, base: opensslSide, minus: true, limit: 25},
		target{group: latencyGroup, name: "round trip", side: ssaSide, base: opensslSide, minus: true, quantile: 0.99, limit: 200},
		target{group: holdGroup, name: memoryName, x: 10000, side: ssaSide, limit: 12},
		target{group: holdGroup, name: effortName, x: 10000, from: 1000, side: ssaSide, limit: linearMost},
		target{group: acceptGroup, name: effortName, x: 10000, from: 1000, side: ssaSide, limit: linearMost},
		target{group: bytesGroup, name: usedName, x: 1000, from: 100, side: ssaSide, limit: linearMost})
}

// linearMost is how much more each connection or byte may cost when there are ten times as many: no more, but for what
// two measurements differ by.
const linearMost = 1.1

// reached computes what became of a target. There is no verdict without numbers.
func (r *results) reached(t target) (value float64, ok, known bool) {
	ours := r.find(t.group, t.name, t.side, t.x)
	if ours == nil {
		return 0, false, false
	}
	part := t.quantile
	if part == 0 {
		part = 0.5
	}
	value = ours.quantile(part)
	if t.from > 0 {
		few := r.find(t.group, t.name, t.side, t.from)
		if few == nil {
			return 0, false, false
		}
		value *= t.from / (t.x * few.quantile(part))
	}
	if t.base != "" {
		base := r.base(t)
		if base == nil {
			return 0, false, false
		}
		if t.minus {
			value -= base.quantile(part)
		} else {
			value /= base.quantile(part)
		}
	}
	return value, (value <= t.limit) != t.least || value == t.limit, true
}

// base is what a target is compared with. OpenSSL shares no sessions between processes: it is always cold.
func (r *results) base(t target) *series {
	if t.name == sharedName {
		return r.find(t.group, coldName, t.base, t.x)
	}
	return r.find(t.group, t.name, t.base, t.x)
}

func (t target) String() string {
	s := t.group + ": " + t.name
	if t.x > 0 {
		s += fmt.Sprintf(", %v", t.x)
	}
	if t.from > 0 {
		s += fmt.Sprintf(" against %v, for each", t.from)
	}
	if t.quantile > 0 {
		s += fmt.Sprintf(", p%v", 100*t.quantile)
	}
	return s
}

// measure says how the number is formed.
func (t target) measure() string {
	switch {
	case t.base == "":
		return t.side
	case t.minus:
		return t.side + " − " + t.base
	}
	return t.side + " / " + t.base
}

// by says how far a number is off.
func (t target) by(value float64) string {
	if t.minus || t.limit == 0 {
		return fmt.Sprintf("by %.3g", math.Abs(value-t.limit))
	}
	return fmt.Sprintf("by %.0f %%", 100*math.Abs(value-t.limit)/t.limit)
}
