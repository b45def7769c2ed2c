package service

import (
	"crypto/x509"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/lru"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
)

// basis is whose a connection is and by what it was allowed, as far as it does not differ from one connection of a
// program to the next: they share it. It never changes.
type basis struct {
	app  socket.App
	role policy.Role
	// request is without what is large, secret, or the connection's own.
	request abi.Request
	profile string
	// verifiers found the peer good.
	verifiers []string
	// anchors says that the program has brought its own trust anchors; paths are those to them, nil otherwise.
	anchors bool
	paths   [][]*x509.Certificate
}

// equal compares certificates by their addresses: equal ones are one (crypto/tls, crypto/x509), and if they are not, a
// basis is not shared.
func (b *basis) equal(o *basis) bool {
	same := func(a, b []*x509.Certificate) bool { return slices.Equal(a, b) }
	return b.app == o.app && b.role == o.role && b.profile == o.profile && b.anchors == o.anchors &&
		slices.Equal(b.verifiers, o.verifiers) && slices.EqualFunc(b.paths, o.paths, same) && reflect.DeepEqual(b.request, o.request)
}

// basesMax is of how many programs the last basis is remembered.
const basesMax = 256

// bases has connections share what they have in common with the last one of the same program and role.
type bases struct{ last *lru.Map[basisOf, *basis] }

type basisOf struct {
	app  socket.App
	role policy.Role
}

func newBases() bases { return bases{lru.New[basisOf, *basis](basesMax)} }

func (l bases) share(b *basis) *basis {
	of := basisOf{b.app, b.role}
	if have, ok := l.last.Get(of); ok && have.equal(b) {
		return have
	}
	l.last.Put(of, b)
	return b
}

// basisFor is the basis of a connection whose peer was heard.
func (s *Service) basisFor(h *hearing) *basis {
	q := &h.asked.question
	b := &basis{
		app: q.app, role: q.role, request: q.request.Lasting(), verifiers: verifiers(h.verdicts()), anchors: q.request.TrustAnchors != nil,
	}
	if b.anchors {
		b.paths = h.paths
	}
	if p := h.asked.decision.Profile; p != nil {
		b.profile = p.Name
	}
	return s.bases.share(b)
}

// question is what the connection was asked for by, but for what is large or secret.
func (c *conn) question() question {
	b, remote := c.basis, c.info.Remote
	q := question{id: c.info.ID, app: b.app, role: b.role, request: b.request, dest: policy.Dest{Addr: remote.Addr(), Port: remote.Port()}}
	if _, err := netip.ParseAddr(c.info.ServerName); err != nil && b.role == policy.Client {
		q.dest.Host, q.request.RemoteHostname = c.info.ServerName, c.info.ServerName
	}
	return q
}

// age is for how long the connection has been established.
func (c *conn) age() time.Duration { return c.service.now().Sub(c.opened) }
