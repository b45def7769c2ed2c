package service

import (
	"fmt"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify"
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
	q := c.origin.question
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

// believes judges the peer's certificate again by the policy's trust store. Anchors of the program's own were not kept.
func (s *Service) believes(c *conn, settings *policy.Settings) error {
	peer := c.session.State().Peer
	if len(peer) == 0 || c.origin.anchors && settings.HonorApplicationValidation {
		return nil
	}
	stores, err := s.storesFor(settings, nil)
	if err != nil {
		return err
	}
	v := verify.Verifier{Role: verify.Client, Now: s.now, RSABits: settings.Limits.RSABits}
	if c.origin.question.role == policy.Client {
		v.Role, v.Name = verify.Server, c.info.ServerName
	}
	for _, store := range stores {
		v.Store = store
		if err := v.Verify(peer); err != nil {
			return err
		}
	}
	return nil
}

// cut ends a connection for a reason that the program learns.
func (c *conn) cut(why error) {
	c.abort(why)
	if c.settle() {
		c.finish(why)
	}
}
