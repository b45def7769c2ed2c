package engine

import (
	"context"
	"crypto/tls"
	"net/netip"
	"os"

	"github.com/securesocketapi/ssa/internal/policy"
)

// ClientConfig is one client's handshake.
type ClientConfig struct {
	// App is the application; sessions of different ones are kept apart.
	App      string
	Settings policy.Settings
	// Name is the DNS name or address literal the verifier expects. A DNS name is sent as SNI.
	Name string
	// Remote is where network is connected to.
	Remote      netip.AddrPort
	ALPN        []string
	Credentials []Credential
	Verifier    Verifier
	// Trust identifies the trust anchors: a session is resumed only under those it was verified with.
	Trust [32]byte
}

// Client does the client's side of a handshake on a connected TCP socket. It owns network from the call on. Errors
// are *abi.Failure, except that a cancelled ctx gives its own error.
func (e *Engine) Client(ctx context.Context, network *os.File, c ClientConfig) (*Session, error) {
	cache := &clientCache{
		sessions: e.sessions, key: c.sessionKey(), now: e.now, ttl: lifetime(c.Settings), reuse: c.Settings.SessionReuse,
	}
	t := e.base(c.Settings)
	if c.Settings.SNI {
		t.ServerName = c.Name
	}
	t.NextProtos = c.ALPN
	t.ClientSessionCache = cache
	// Verification is the verifier's, for resumed sessions too, and its errors keep their class.
	t.InsecureSkipVerify = true
	t.VerifyConnection = func(s tls.ConnectionState) error {
		cache.resumed = s.DidResume
		return c.Verifier.Verify(peerOf(s))
	}
	t.GetClientCertificate = c.clientCertificate

	p := peer{server: true, name: c.Name, address: c.Remote, timeout: c.Settings.Limits.HandshakeTimeout}
	session, err := p.shake(ctx, network, func(s *stream, keys *secrets) *tls.Conn {
		t.KeyLogWriter = keys
		return tls.Client(s, t)
	})
	if err != nil {
		cache.fail()
	}
	return session, err
}

// clientCertificate answers a CertificateRequest with the first credential that suits it. When none is from an
// authority the server names, the first that it can check at all goes out: the list may be incomplete, and the
// refusal says more than an absent certificate would.
func (c ClientConfig) clientCertificate(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	anybody := *r
	anybody.AcceptableCAs = nil
	for _, request := range []*tls.CertificateRequestInfo{r, &anybody} {
		for _, credential := range c.Credentials {
			t := credential.certificate()
			if request.SupportsCertificate(&t) == nil {
				return &t, nil
			}
		}
	}
	return &tls.Certificate{}, nil
}
