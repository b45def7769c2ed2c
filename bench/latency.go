package main

const latencyGroup = "latency: 1 KB there and back, 1000 times a second"

// latency measures round trips.
func latency(w *workshop) error {
	w.say("%s", latencyGroup)
	sides, err := w.sides()
	if err != nil {
		return err
	}
	for round := range 3 {
		for _, s := range turns(sides, round) {
			us, err := w.sample(1e-3, s.client(w, w.ports["ecdsa"], "ping", "1000")...)
			if err != nil {
				return err
			}
			w.results.add(series{Group: latencyGroup, Name: "round trip", Unit: "µs", Side: s.name}, us[min(50, len(us)-1):]...)
		}
	}
	return nil
}
