package main

import (
	"slices"
	"strconv"
)

const (
	handshakeGroup = "handshakes: a client's; connect, handshake, one byte, close"
	answerGroup    = "handshakes: a server's; to a client with OpenSSL, with a GET of one byte"
	rateSuffix     = ", a second"
	// handshakeCount is how many there are one after the other; the first tenth does not count.
	handshakeCount = 100
	handshakeTurns = 3
	hybridName     = "ecdsa, full, offering ML-KEM"
)

// handshakes measures connections one after the other, with the processor time each takes: those of clients to the
// peer, and those that servers answer.
func handshakes(w *workshop) error {
	for _, key := range []string{"ecdsa", "rsa"} {
		for _, kind := range []string{"full", "resumed"} {
			sides, err := w.shakers(key, kind == "resumed")
			if err != nil {
				return err
			}
			for round := range handshakeTurns {
				w.say("%s: %s, %s, round %d", handshakeGroup, key, kind, round+1)
				for _, s := range turns(sides, round) {
					to := series{Group: handshakeGroup, Name: key + ", " + kind, Side: s.name}
					client := func(count string) []string { return s.group.enter(s.client(w, w.ports[key], kind, count)...) }
					if err := w.shake(to, s.group, client); err != nil {
						return err
					}
				}
			}
		}
	}
	if err := w.hybrid(); err != nil {
		return err
	}
	return w.answers()
}

// shakers are all sides, with proxies that connect to the peer with a kind of key.
func (w *workshop) shakers(key string, resume bool) ([]side, error) {
	proxies, err := w.proxies(proxied{tag: "-" + key + when(resume, "-resume", ""), to: w.ports[key], resume: resume})
	return append(w.libraries(), proxies...), err
}

// shake runs a client and adds its times, and the processor time of a connection: that of many without that of one, for
// which a program and a supervisor are started, too.
func (w *workshop) shake(to series, g group, client func(count string) []string) error {
	one, _, err := w.effort(g, client("1"))
	if err != nil {
		return err
	}
	many, us, err := w.effort(g, client(strconv.Itoa(handshakeCount)))
	if err != nil {
		return err
	}
	w.shaken(to, us)
	if g.dir != "" {
		to.Name, to.Unit = to.Name+cpuSuffix, "µs"
		w.results.add(to, (many-one)*1e6/float64(len(us)-1))
	}
	return nil
}

// effort is the processor time of a side, in seconds, while a client runs, and the client's own times in microseconds.
func (w *workshop) effort(g group, command []string) (used float64, us []float64, err error) {
	before := g.seconds()
	us, err = w.sample(1e-3, command...)
	return g.seconds() - before, us, err
}

// shaken adds the times of connections.
func (w *workshop) shaken(to series, us []float64) {
	counted, sum := us[len(us)/10:], 0.0
	for _, v := range counted {
		sum += v
	}
	name := to.Name
	to.Unit = "µs"
	w.results.add(to, counted...)
	to.Name, to.Unit = name+rateSuffix, "1/s"
	w.results.add(to, float64(len(counted))*1e6/sum)
}

// hybrid measures what offering X25519MLKEM768 costs, as TLS sockets do by default: its key, made for every ClientHello.
// The peer, OpenSSL 3.0, then chooses X25519.
func (w *workshop) hybrid() error {
	libraries := w.libraries()
	for round := range handshakeTurns {
		for _, s := range turns([]side{libraries[0], libraries[slices.IndexFunc(libraries, func(s side) bool { return s.name == goSide })]}, round) {
			client := func(count string) []string {
				command := append([]string{"env", "BENCH_GROUPS=default"}, s.client(w, w.ports["ecdsa"], "full", count)...)
				return s.group.enter(defaultGroups(command)...)
			}
			if err := w.shake(series{Group: handshakeGroup, Name: hybridName, Side: s.name}, s.group, client); err != nil {
				return err
			}
		}
	}
	return nil
}

// answers measures servers.
func (w *workshop) answers() error {
	client := side{program: "client-openssl"}
	for _, key := range []string{"ecdsa", "rsa"} {
		all, err := w.webServers(key)
		if err != nil {
			return err
		}
		for round := range handshakeTurns {
			w.say("%s: %s, round %d", answerGroup, key, round+1)
			for _, s := range turns(all, round) {
				for kind, mode := range map[string]string{"full": "get", "resumed": "reget"} {
					to := series{Group: answerGroup, Name: key + ", " + kind, Side: s.name}
					get := func(count string) []string { return client.client(w, s.port, mode, count, "1") }
					if err := w.shake(to, s.group, get); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}
