package service

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Connect implements socket.Service.
func (s *Service) Connect(ctx context.Context, d socket.Dial) (socket.Conn, error) {
	if err := s.begin(); err != nil {
		_ = d.Network.Close()
		return nil, err
	}
	defer s.running.Done()
	shake, role := s.dial, "client handshake"
	if d.Server {
		shake, role = s.answer, "server handshake"
	}
	c, heard, err := shake(ctx, d)
	if err != nil {
		s.refused(api.Connection, dialed(d), err, heard)
		s.log.Info(role, "id", d.ID, "exe", d.App.Exe, "remote", d.Remote, "error", err)
		return nil, err
	}
	return c, nil
}

// dial does the client's handshake. What was heard of the peer is there unless it did not come to a handshake.
func (s *Service) dial(ctx context.Context, d socket.Dial) (*conn, *hearing, error) {
	a, config, err := s.clientConfig(d)
	if err != nil {
		_ = d.Network.Close()
		return nil, nil, err
	}
	s.record(a)
	local, _ := engine.Addresses(d.Network)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ending, func() { cancel(errEnding) })()
	hearing := s.hear(ctx, &a, judge.Question{Host: config.Name, Port: d.Remote.Port(), Remote: d.Remote, Role: judge.Server})
	config.Verifier = hearing
	session, err := s.engine.Client(ctx, d.Network, config)
	if err != nil {
		return nil, hearing, err
	}
	if err := hearing.learn(); err != nil {
		return nil, hearing, errors.Join(err, session.Close())
	}
	info := infoOf(session.State())
	info.ID, info.ServerName, info.Local, info.Remote = d.ID, config.Name, local, d.Remote
	c, err := s.establish(hearing, session, info)
	return c, hearing, err
}

// establish makes a connection of a finished handshake, and records it.
func (s *Service) establish(h *hearing, session *engine.Session, info *socket.Info) (*conn, error) {
	took := time.Since(h.begun)
	s.review(*h.asked, session.State())
	c, err := s.newConn(session, info, s.basisFor(h))
	if err != nil {
		return nil, err
	}
	s.allowed(h, c, took)
	return c, nil
}

// dialed is the question that a connection on a connected socket puts.
func dialed(d socket.Dial) question {
	q := question{id: d.ID, app: d.App, role: policy.Client, dest: destination(d.Request), request: d.Request}
	if d.Server {
		q.role, q.dest = policy.Server, policy.Dest{}
	}
	q.dest.Addr, q.dest.Port = d.Remote.Addr(), d.Remote.Port()
	return q
}

func (s *Service) clientConfig(d socket.Dial) (a admitted, c engine.ClientConfig, err error) {
	if a, err = s.admit(dialed(d)); err != nil {
		return a, c, err
	}
	credentials, err := a.complete()
	if err != nil {
		return a, c, err
	}
	name := expected(d)
	return a, engine.ClientConfig{
		App: application(d.App), Settings: a.settings, Name: name, Remote: d.Remote, ALPN: d.Request.ALPN,
		Credentials: credentials, Trust: a.trust.hash(),
	}, nil
}

// expected is what the server must prove: the name the program gave, or the address it is connected to. Addresses
// are in the form certificates have them, without zone and not mapped into IPv6.
func expected(d socket.Dial) string {
	name := d.Request.RemoteHostname
	if name == "" {
		return d.Remote.Addr().Unmap().WithZone("").String()
	}
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return name
}
