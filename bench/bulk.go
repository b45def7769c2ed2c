package main

import "fmt"

const (
	bulkGroup = "bulk: 1 GB"
	bulkBytes = 1_000_000_000
	cpuSuffix = ", processor time of this side"
)

// bulk measures throughput and processor time of large transfers, on one connection and on eight.
func bulk(w *workshop) error {
	sides, err := w.sides()
	if err != nil {
		return err
	}
	for _, row := range []struct{ name, mode string }{
		{"down, 1 connection", "download"}, {"up, 1 connection", "upload"},
		{"down, 8 connections", "many-down"}, {"up, 8 connections", "many-up"},
	} {
		w.say("%s: %s", bulkGroup, row.name)
		for round := range 3 {
			for _, s := range turns(sides, round) {
				if round > 0 && s.proxy != "" {
					continue // slow, and far off
				}
				if err := w.transfer(s, row.name, row.mode); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *workshop) transfer(s side, name, mode string) error {
	before := s.group.seconds()
	seconds, err := w.sample(1e-9, s.group.enter(s.client(w, w.ports["ecdsa"], mode, "1", fmt.Sprint(bulkBytes))...)...)
	if err != nil {
		return err
	}
	w.results.add(series{Group: bulkGroup, Name: name, Unit: "s", Side: s.name}, seconds...)
	w.results.add(series{Group: bulkGroup, Name: name + cpuSuffix, Unit: "s", Side: s.name}, s.group.seconds()-before)
	return nil
}
