package socket

import (
	"cmp"
	"reflect"
	"sync"

	"github.com/securesocketapi/ssa/abi"
)

// asked is what the program wants of a socket and what came of it. It is replaced, never changed: sockets that are
// connected share equal ones.
type asked struct {
	request abi.Request
	// effective is what the service made of request; nil before it was asked.
	effective *Effective
}

// alike has the sockets of a program share what they asked for when that is the same, as it is where one program makes
// thousands of connections. It knows the last one that was asked for.
type alike struct {
	mu   sync.Mutex
	last *asked
}

func (l *alike) share(a *asked) *asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil || !reflect.DeepEqual(*l.last, *a) {
		l.last = a
	}
	return l.last
}

// forget drops what only a handshake needs: a trust store is large. The socket is never connected again. What is left is
// shared; a name of the socket's own stays with it.
func (s *Socket) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = cmp.Or(s.asked.request.RemoteHostname, s.host)
	rest := *s.asked
	rest.request = rest.request.Lasting()
	s.asked = s.table.alike.share(&rest)
}
