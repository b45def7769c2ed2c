package judge

import (
	"crypto/x509"
	"net/netip"
	"time"
)

// A Role is what the peer is in the handshake.
type Role int

// The roles.
const (
	// Server is a peer that proves a name or an address.
	Server Role = iota
	// Client is a peer that proves that an anchor vouches for it; it has no name to compare with.
	Client
)

// String is the role as texts name it.
func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}

// A Question is what a judge is asked. It is shared by all judges of a panel: none may change it, nor keep its slices.
type Question struct {
	// Host is the DNS name, as the program gave it, or the address literal that the peer must prove; "" for a client.
	Host string
	// Port is the TCP port the peer serves at; for a client, the port of ours it came to.
	Port uint16
	// Remote is the peer's TCP address; the zero value when there is none.
	Remote netip.AddrPort
	// Role is what the peer is.
	Role Role
	// App is the path of the program's executable.
	App string
	// UID is the user the program runs as.
	UID int
	// Chain are the certificates as the peer sent them, leaf first; at least one.
	Chain []*x509.Certificate
	// Paths are the ways from the leaf to a trust anchor that standard validation found good; nil when it found none.
	Paths [][]*x509.Certificate
	// OCSP is the stapled response (RFC 6066, section 8), DER; nil when there was none.
	OCSP []byte
	// SCTs are the timestamps of the TLS extension signed_certificate_timestamp (RFC 6962, section 3.3.1), each a
	// serialized SignedCertificateTimestamp. Those inside the certificate and the stapled response are not among them.
	SCTs [][]byte
	// Sources are where the judge of revocations may look.
	Sources Sources
	// Time is when the question is asked.
	Time time.Time
}

// Sources are where to look for revocations, besides files of the administrator.
type Sources struct {
	// Stapled are responses of the handshake, OCSP the responders and CRL the lists that certificates name.
	Stapled, OCSP, CRL bool
}

// Leaf is the peer's own certificate.
func (q *Question) Leaf() *x509.Certificate { return q.Chain[0] }
