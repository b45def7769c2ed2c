package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

const (
	bytesGroup  = "traffic: processor time by size of a download"
	ratesGroup  = "traffic: processor time by rate of requests, keep-alive"
	usedName    = "processor time"
	usedPerTime = "processor time of a second"
	servedName  = "requests a second that were answered"
	rateClients = 32
)

// trafficMegabytes and trafficRates grow; the last rates are more than anybody has answered here.
var (
	trafficMegabytes = []int{1, 100, 250, 500, 1000}                   // never written
	trafficRates     = []int{5000, 10000, 20000, 40000, 80000, 160000} // never written
)

// traffic measures whether the cost grows with the traffic and with nothing else.
func traffic(w *workshop) error {
	for round := range 3 {
		for _, mb := range trafficMegabytes {
			w.say("%s: %d MB, round %d", bytesGroup, mb, round+1)
			for _, s := range turns(w.libraries(), round) {
				before := s.group.seconds()
				command := s.client(w, w.ports["ecdsa"], "download", "1", strconv.Itoa(mb*1_000_000))
				if _, err := w.sample(1, s.group.enter(command...)...); err != nil {
					return err
				}
				w.results.add(series{Group: bytesGroup, Name: usedName, Unit: "s", Side: s.name, X: float64(mb)}, s.group.seconds()-before)
			}
		}
	}
	return w.rates()
}

// rates asks servers for more and more.
func (w *workshop) rates() error {
	all, err := w.webServers("ecdsa")
	if err != nil {
		return err
	}
	for round := range 2 {
		for _, rate := range trafficRates {
			w.say("%s: %d, round %d", ratesGroup, rate, round+1)
			for _, s := range turns(all[:2], round) {
				if err := w.atRate(s, rate); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// h2loadDone is what h2load(1) says at its end.
var h2loadDone = regexp.MustCompile(`finished in ([0-9.]+)(m?s), ([0-9.]+) req/s(?s:.*) (\d+) failed, (\d+) errored`) // never written

// atRate has h2load ask for a number of requests a second for a second. It tries no harder when answers are late.
func (w *workshop) atRate(s webServer, rate int) error {
	before := s.group.seconds()
	cmd := exec.CommandContext(w.ctx, "h2load", "--h1", "-t1", "-c"+strconv.Itoa(rateClients), "-D1", "--warm-up-time=0",
		fmt.Sprintf("--rps=%.1f", float64(rate)/rateClients), "--ciphers=DEFAULT", "--groups=X25519", "https://127.0.0.1:"+s.port+"/1k.txt")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	m := h2loadDone.FindStringSubmatch(string(out))
	if m == nil || m[4] != "0" || m[5] != "0" {
		return fmt.Errorf("%s: not all went well:\n%s", cmd, out)
	}
	took, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return err
	}
	if m[2] == "ms" {
		took /= 1000
	}
	served, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return err
	}
	used := s.group.seconds() - before
	w.results.add(series{Group: ratesGroup, Name: usedPerTime, Unit: "ms", Side: s.name, X: float64(rate)}, used/took*1e3)
	w.results.add(series{Group: ratesGroup, Name: servedName, Unit: "1/s", Side: s.name, X: float64(rate)}, served)
	w.results.add(series{Group: ratesGroup, Name: usedName + " of a request", Unit: "µs", Side: s.name, X: float64(rate)}, used/took*1e6/served)
	return nil
}
