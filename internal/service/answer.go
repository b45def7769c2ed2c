package service

import (
	"context"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// answer does the server's handshake on one connection, which the program has accepted itself. Its peer's bytes bound
// what it costs; how many there are at once is bounded by the program's sockets.
func (s *Service) answer(ctx context.Context, d socket.Dial) (*conn, *hearing, error) {
	local, _ := engine.Addresses(d.Network)
	a, server, err := s.server(socket.Listen{App: d.App, Request: d.Request, Local: local})
	if err != nil {
		_ = d.Network.Close()
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ending, func() { cancel(errEnding) })()
	a.question = dialed(d)
	hearing := s.hear(ctx, &a, judge.Question{Port: local.Port(), Remote: d.Remote, Role: judge.Client})
	session, err := server.Handshake(ctx, engine.Accepted{Network: d.Network, Remote: d.Remote, Verifier: hearing})
	if err != nil {
		return nil, hearing, err
	}
	info := infoOf(session.State())
	info.ID, info.Local, info.Remote = d.ID, local, d.Remote
	c, err := s.establish(hearing, session, info)
	return c, hearing, err
}
