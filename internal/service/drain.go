package service

import "errors"

// errDrained is why a listener ends that was drained.
var errDrained = errors.New("the listener was handed over")

// Drain closes the listening socket here, so that another service can go on with it, and lets the handshakes that have
// begun come to their end. Accept yields them, and an error after the last.
func (l *listener) Drain() {
	if l.draining.Swap(true) {
		return
	}
	_ = l.network.Close() // run ends
	go func() {
		l.running.Wait()
		close(l.drained)
	}()
}

// last takes a connection that is still there after the last handshake.
func (l *listener) last() (*conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	default:
		return nil, errDrained
	}
}
