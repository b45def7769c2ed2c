package main

import "strconv"

const handshakeGroup = "handshakes: connect, handshake, one byte, close"

// handshakes measures connections one after the other, with the processor time each takes.
func handshakes(w *workshop) error {
	const count = 200
	for _, key := range []string{"ecdsa", "rsa"} {
		for _, mode := range []string{"full", "resumed"} {
			w.say("handshakes: %s, %s", key, mode)
			for range 4 {
				for _, s := range w.libraries() {
					before := s.group.seconds()
					us, err := w.sample(1e-3, s.group.enter(s.client(w, w.ports[key], mode, strconv.Itoa(count))...)...)
					if err != nil {
						return err
					}
					used := (s.group.seconds() - before) * 1e6 / count
					w.results.add(series{Group: handshakeGroup, Name: key + ", " + mode, Unit: "µs", Side: s.name}, us[20:]...)
					w.results.add(series{Group: handshakeGroup, Name: key + ", " + mode + cpuSuffix, Unit: "µs", Side: s.name}, used)
				}
			}
		}
	}
	return nil
}
