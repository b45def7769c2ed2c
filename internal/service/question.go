package service

import (
	"net/netip"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
)

// question is who asks for what.
type question struct {
	// id is the connection's, 0 where there is none yet.
	id      uint64
	app     socket.App
	role    policy.Role
	dest    policy.Dest
	request abi.Request
}

// subject is the program as the policy sees it.
func subject(a socket.App) policy.Subject {
	return policy.Subject{Exe: a.Exe, Script: a.Script, Unit: a.Unit, Container: a.Container, UID: a.UID}
}

// destination is where a request leads, as far as it says so.
func destination(r abi.Request) policy.Dest {
	name := r.RemoteHostname
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")); err == nil {
		return policy.Dest{Addr: ip}
	}
	return policy.Dest{Host: name}
}

// decisions are what may be in force, the likeliest first: one, unless the role or the destination is still open.
func (q question) decisions(s *Service) []policy.Decision {
	p, now := s.policy(), s.now()
	if q.role == policy.AnyRole {
		return p.Possible(subject(q.app), q.dest, now)
	}
	return []policy.Decision{p.Decide(subject(q.app), q.role, q.dest, now)}
}
