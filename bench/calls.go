package main

import "strconv"

const (
	otherCalls = "calls: on sockets that are not ours"
	ourCalls   = "calls: on TLS sockets"
	underName  = "under ssa run"
	aloneName  = "alone"
)

// calls measures every trapped call, with one thread and many, on sockets of ours and others. What connect, listen and
// accept4 take on TLS sockets is in the handshakes and the server.
func calls(w *workshop) error {
	for _, threads := range []int{1, 4, 16} {
		x := float64(threads)
		for _, name := range []string{"getsockname", "getpeername", "getsockopt", "setsockopt", "bind", "connect", "listen", "accept4"} {
			w.say("calls: %s, %d threads", name, threads)
			command := []string{w.path("calls"), name, "1000", strconv.Itoa(threads)}
			for range 3 {
				if err := w.call(series{Group: otherCalls, Name: name, Side: aloneName, X: x}, command); err != nil {
					return err
				}
				if err := w.call(series{Group: otherCalls, Name: name, Side: underName, X: x}, w.supervised(command...)); err != nil {
					return err
				}
			}
		}
		for _, name := range []string{"getsockname", "getsockopt", "setsockopt", "socket", "bind"} {
			command := []string{w.path("calls"), name, "1000", strconv.Itoa(threads), "ours"}
			for range 3 {
				if err := w.call(series{Group: ourCalls, Name: name, Side: underName, X: x}, w.supervised(command...)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *workshop) supervised(command ...string) []string {
	return append([]string{w.path("ssa"), "run", "--service=embedded", "--"}, command...)
}

// call adds one number for a run: its median, of thousands.
func (w *workshop) call(to series, command []string) error {
	us, err := w.sample(1e-3, command...)
	if err != nil {
		return err
	}
	run := series{Samples: us}
	to.Unit = "µs"
	w.results.add(to, run.median())
	return nil
}
