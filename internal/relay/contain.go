package relay

import "github.com/securesocketapi/ssa/abi"

// contain makes a panic the end of this connection alone.
func (l *link) contain() {
	if r := recover(); r != nil {
		l.cut(abi.Failf(abi.Reset, "relay: internal error: %v", r))
	}
}
