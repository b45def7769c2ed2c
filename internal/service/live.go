package service

import (
	"cmp"
	"crypto/x509"
	"slices"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// origin is whose a connection is and by what it was allowed, kept as long as it lives.
type origin struct {
	question question
	profile  string
	opened   time.Time
	// verdicts are those about the peer.
	verdicts []api.Verdict
	// anchors says that the program has brought its own trust anchors; paths are those to them, nil otherwise.
	anchors bool
	paths   [][]*x509.Certificate
}

// originOf keeps nothing large and nothing secret.
func (s *Service) originOf(h *hearing) origin {
	a := h.asked
	o := origin{question: a.question, opened: s.now(), verdicts: h.verdicts(), anchors: a.question.request.TrustAnchors != nil}
	if o.anchors {
		o.paths = h.paths
	}
	o.question.request.Credentials, o.question.request.TrustAnchors = nil, nil
	if a.decision.Profile != nil {
		o.profile = a.decision.Profile.Name
	}
	return o
}

// Conns are the connections that are established, by id.
func (s *Service) Conns() []api.Conn {
	list := []api.Conn{}
	for _, c := range s.established() {
		list = append(list, c.view())
	}
	slices.SortFunc(list, func(a, b api.Conn) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (s *Service) established() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return keysOf(s.conns)
}

// Listeners is how many listeners there are.
func (s *Service) Listeners() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.listeners)
}

// view is the connection as an administrator sees it.
func (c *conn) view() api.Conn {
	o := &c.origin
	received, sent := c.session.Traffic()
	role := api.Client
	if o.question.role == policy.Server {
		role = api.Server
	}
	return api.Conn{
		ID: c.info.ID, Program: *programOf(o.question.app), Role: role, Host: c.info.ServerName,
		Local: c.info.Local.String(), Remote: c.info.Remote.String(), Profile: o.profile, TLS: *c.tls(),
		VerifiedBy: verifiers(o.verdicts),
		Traffic:    api.Traffic{Received: received, Sent: sent, Age: c.service.now().Sub(o.opened).Seconds()},
	}
}

func (c *conn) tls() *api.TLS {
	return &api.TLS{
		Version: policy.VersionName(c.info.Version), Suite: c.info.Cipher, Group: c.session.State().Group, ALPN: c.info.ALPN,
		Resumed: c.info.Resumed, Peer: c.info.Peer.Identity(),
	}
}

// verifiers are those who found the peer good.
func verifiers(verdicts []api.Verdict) []string {
	names := []string{}
	for _, v := range verdicts {
		if v.Answer == judge.Valid.String() {
			names = append(names, v.Judge)
		}
	}
	return names
}
