package service

import (
	"cmp"
	"slices"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

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
	b := c.basis
	received, sent := c.session.Traffic()
	role := api.Client
	if b.role == policy.Server {
		role = api.Server
	}
	return api.Conn{
		ID: c.info.ID, Program: *programOf(b.app), Role: role, Host: c.info.ServerName,
		Local: c.info.Local.String(), Remote: c.info.Remote.String(), Profile: b.profile, TLS: *c.tls(),
		VerifiedBy: b.verifiers,
		Traffic:    api.Traffic{Received: received, Sent: sent, Age: c.age().Seconds()},
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
