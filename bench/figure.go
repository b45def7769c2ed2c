package main

import "strconv"

// figureCounts are the numbers of processes of the paper's figure, figureBytes what each fetches.
var figureCounts = []int{1, 10, 25, 50, 100} // never written

const figureBytes = 1_000_000

// figureGroups are the two networks.
const (
	figureLoop  = "figure: processes that fetch 1 MB each, loopback"
	figureDelay = "figure: processes that fetch 1 MB each, 20 ms of round-trip time"
	coldName    = "cold"
	sharedName  = "sessions shared"
	ownName     = "each under its own ssa run"
)

// variant is one line of the figure: how a number of processes is started.
type variant struct {
	name, side string
	command    func(count, port string) []string
	// slow variants are left out where they would take long.
	slow bool
}

// figure measures from the start of the first process to the end of the last. A tree is left alone for a while before, as
// one that a shell or a service runs in.
func figure(w *workshop) error {
	sides, err := w.sides()
	if err != nil {
		return err
	}
	var all []variant
	for _, s := range sides {
		all = append(all, w.variants(s)...)
	}
	if err := w.race(contest{figureLoop, w.ports["ecdsa"], 5}, all); err != nil {
		return err
	}
	slow, err := w.slowNetwork()
	if err != nil {
		return err
	}
	defer slow.close()
	far, err := w.proxies(proxied{tag: "-far", to: slow.peer})
	if err != nil {
		return err
	}
	var delayed []variant
	for _, s := range append(w.libraries(), far...) {
		delayed = append(delayed, w.variants(s)...)
	}
	return w.race(contest{figureDelay, slow.peer, 3}, delayed)
}

func (w *workshop) variants(s side) []variant {
	spawn := func(mode string) func(count, port string) []string {
		return func(count, port string) []string {
			under := s.under
			s.under = nil
			defer func() { s.under = under }()
			spawn := append([]string{w.path("spawn"), count}, s.client(w, port, mode, "1", strconv.Itoa(figureBytes))...)
			if len(under) > 0 {
				spawn = append([]string{"sh", "-c", `sleep 0.2; exec "$@"`, "sh"}, spawn...)
			}
			return append(append([]string{}, under...), spawn...)
		}
	}
	all := []variant{{name: coldName, side: s.name, command: spawn("fetch")}}
	if s.name == ssaSide {
		all = append(all, variant{name: sharedName, side: s.name, command: spawn("refetch")},
			variant{name: ownName, side: s.name, slow: true, command: func(count, port string) []string {
				return append([]string{w.path("spawn"), count}, s.client(w, port, "fetch", "1", strconv.Itoa(figureBytes))...)
			}})
	}
	return all
}

// contest is what the variants of a figure compete in.
type contest struct {
	group, port string
	rounds      int
}

// race takes turns. A tree's first process finds no session, so one process alone shares none.
func (w *workshop) race(c contest, all []variant) error {
	for _, count := range figureCounts {
		w.say("%s: %d", c.group, count)
		for round := range c.rounds {
			for _, v := range turns(all, round) {
				if v.slow && count > 50 && round > 1 {
					continue
				}
				ms, err := w.sample(1e-6, v.command(strconv.Itoa(count), c.port)...)
				if err != nil {
					return err
				}
				w.results.add(series{Group: c.group, Name: v.name, Unit: "ms", Side: v.side, X: float64(count)}, ms...)
			}
		}
	}
	return nil
}
