package service

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Review compares the live connections with the policy in force now: those that would not be allowed are returned, and
// with enforce closed. The programs then read ECONNRESET and, with TLS_ERROR, why.
func (s *Service) Review(enforce bool) []api.Noncompliant {
	list := []api.Noncompliant{}
	for _, c := range s.established() {
		why := s.complies(c)
		if why == nil {
			continue
		}
		if enforce {
			c.cut(abi.Failf(abi.Reset, "the policy was changed and does not allow this connection any more: %w", why))
		}
		list = append(list, api.Noncompliant{Conn: c.view(), Reason: why.Error(), Closed: enforce})
	}
	return list
}

// complies says why a connection would not be allowed now, nil when it would. A profile that only complains allows what
// it would refuse.
func (s *Service) complies(c *conn) error {
	q := c.question()
	settings, err := s.narrow(q.decisions(s)[0].Settings, q.request)
	if err != nil {
		return err
	}
	state := c.session.State()
	refused := settings.Refused(policy.Negotiated{
		Version: state.Version, Cipher: state.Cipher, Group: state.Group,
		Server: q.role == policy.Server, PeerCertificate: len(state.Peer) > 0,
	})
	if len(refused) > 0 {
		return fmt.Errorf("it uses %s", strings.Join(refused, ", "))
	}
	return s.believes(c, &settings)
}

// believes judges the peer again, by the policy's trust store. Of a program's own anchors the paths to them were kept:
// what is only known of those counts as it did.
func (s *Service) believes(c *conn, settings *policy.Settings) error {
	state := c.session.State()
	if len(state.Peer) == 0 {
		return nil
	}
	q := judge.Question{
		Port: c.info.Local.Port(), Remote: c.info.Remote, Role: judge.Client,
		Chain: state.Peer, OCSP: state.OCSP, SCTs: state.SCTs,
	}
	if c.basis.role == policy.Client {
		q.Host, q.Port, q.Role = c.info.ServerName, c.info.Remote.Port(), judge.Server
	}
	h := s.hear(s.ending, &admitted{question: c.question()}, q)
	h.question.Time = s.now()
	if c.basis.anchors && settings.HonorApplicationValidation {
		return h.after(proven(c.basis.paths), h.question, settings).Err
	}
	stores, err := s.storesFor(settings, nil)
	if err != nil {
		return err
	}
	return h.by(h.question, stores, settings).Err
}

// proven is standard validation that has been done: the paths that it found.
type proven [][]*x509.Certificate

// Name implements judge.Judge.
func (proven) Name() string { return judge.Standard }

// Judge implements judge.Judge.
func (p proven) Judge(_ context.Context, q *judge.Question) judge.Verdict {
	q.Paths = p
	return judge.Validf("the %s proved who it is when the connection was established", q.Role)
}

// Reconsider judges the peers of all live connections again, because what judges know has changed. Connections to those
// that are not to be believed any more are closed; their programs read ECONNRESET and, with TLS_ERROR, why.
func (s *Service) Reconsider() {
	s.panel.Forget()
	for _, c := range s.established() {
		q := c.question()
		settings, err := s.narrow(q.decisions(s)[0].Settings, q.request)
		if err == nil {
			err = s.believes(c, &settings)
		}
		var f *abi.Failure
		if !errors.As(err, &f) || f.Kind != abi.Revoked {
			continue // what else speaks against a peer is for the next handshake
		}
		s.log.Warn("the certificate of a peer has been revoked", "id", c.info.ID, "remote", c.info.Remote, "error", err)
		c.cut(abi.Failf(abi.Reset, "the peer's certificate has been revoked since the connection was established: %w", err))
	}
}

// cut ends a connection for a reason that the program learns.
func (c *conn) cut(why error) {
	c.abort(why)
	if c.settle() {
		c.finish(why)
	}
}
