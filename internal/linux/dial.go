package linux

import "syscall"

// BeforeConnect is a net.Dialer's Control that asks check about each address, in the form "192.0.2.1:80", after names
// have been resolved and before connect(2). An error of check ends the attempt.
func BeforeConnect(check func(address string) error) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error { return check(address) }
}
