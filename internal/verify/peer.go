package verify

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// A Role is what the peer is in the handshake.
type Role = judge.Role

// The roles.
const (
	Server = judge.Server
	Client = judge.Client
)

// A Verifier verifies the peers of one socket.
type Verifier struct {
	Store *Store
	Role  Role
	// Name is the DNS name or the address literal that a server must prove.
	Name string
	// RSABits is the smallest RSA key accepted anywhere in the chain.
	RSABits int
	Now     func() time.Time
}

// Verify decides about a chain as the peer sent it, leaf first:
//
//  1. with all validity periods ignored: anchor, CA bits, constraints, key usage, key sizes, the name;
//  2. then the periods of a path that is otherwise good.
//
// So abi.Expired means that nothing but a period is wrong. Everything else is abi.Rejected.
func (v Verifier) Verify(sent []*x509.Certificate) error {
	_, err := v.Paths(sent)
	return err
}

// Paths are the ways from the leaf to a trust anchor by which Verify finds a chain good. Without any there is an error,
// as of Verify.
func (v Verifier) Paths(sent []*x509.Certificate) ([][]*x509.Certificate, error) {
	if len(sent) == 0 {
		return nil, abi.Failf(abi.Rejected, "the %s sent no certificate", v.Role)
	}
	if err := v.bounded(sent); err != nil {
		return nil, err
	}
	a, err := v.Store.load()
	if err != nil {
		return nil, abi.Failf(abi.Rejected, "cannot verify the %s: %w; or set TLS_TRUSTED_PEER_CERTIFICATES", v.Role, err)
	}
	t := &timeless{now: v.Now()}
	paths, err := v.paths(a, sent, t)
	if err != nil {
		return nil, &abi.Failure{Kind: abi.Rejected, Err: v.explain(a, sent, err)}
	}
	if paths, err = v.strong(paths); err != nil {
		return nil, err
	}
	if v.Role == Server && !v.named(sent[0]) {
		return nil, abi.Failf(abi.Rejected, "%s", v.wrongName(sent[0]))
	}
	return v.inTime(paths, t)
}

// paths are the ways from the leaf to an anchor, whatever the time.
func (v Verifier) paths(a anchors, sent []*x509.Certificate, t *timeless) ([][]*x509.Certificate, error) {
	leaf := t.stretch(sent[0])
	opts := x509.VerifyOptions{
		Roots:         a.pool,
		Intermediates: t.pool(sent[1:]),
		CurrentTime:   t.now,
		KeyUsages:     []x509.ExtKeyUsage{usage(v.Role)},
	}
	paths, err := leaf.Verify(opts)
	if err == nil || !slices.ContainsFunc(a.certs, t.outside) {
		return paths, err
	}
	// An anchor itself may be out of date; copying all of them is left to this rare case.
	opts.Roots = t.pool(a.certs)
	return leaf.Verify(opts)
}

// strong keeps the paths without weak keys.
func (v Verifier) strong(paths [][]*x509.Certificate) ([][]*x509.Certificate, error) {
	var first error
	good := slices.DeleteFunc(slices.Clone(paths), func(path []*x509.Certificate) bool {
		err := v.weakness(path)
		if first == nil {
			first = err
		}
		return err != nil
	})
	if len(good) == 0 {
		return nil, first
	}
	return good, nil
}

func (v Verifier) weakness(path []*x509.Certificate) error {
	for i, c := range path {
		switch pub := c.PublicKey.(type) {
		case *rsa.PublicKey:
			if pub.N.BitLen() < v.RSABits {
				return abi.Failf(abi.Rejected, "the %s has an RSA key of %d bits; at least %d are needed (%s)",
					v.place(i), pub.N.BitLen(), v.RSABits, describe(c))
			}
		case *ecdsa.PublicKey:
			if bits := pub.Curve.Params().BitSize; bits < 256 {
				return abi.Failf(abi.Rejected, "the %s has an ECDSA key of %d bits; at least 256 are needed (%s)",
					v.place(i), bits, describe(c))
			}
		}
	}
	return nil
}

// inTime keeps the paths whose certificates are all inside their periods, and demands one.
func (v Verifier) inTime(paths [][]*x509.Certificate, t *timeless) (good [][]*x509.Certificate, err error) {
	var first error = abi.Failf(abi.Rejected, "no path from the %s's certificate to a trust anchor", v.Role)
	for i, path := range paths {
		err := v.period(path, t)
		if err == nil {
			good = append(good, path)
		} else if i == 0 {
			first = err
		}
	}
	if len(good) == 0 {
		return nil, first
	}
	return good, nil
}

func (v Verifier) period(path []*x509.Certificate, t *timeless) error {
	for i, c := range path {
		if c = t.original(c); t.outside(c) {
			return abi.Failf(abi.Expired, "the %s %s (%s); the time here is %s", v.place(i), outside(c, t.now),
				describe(c), date(t.now))
		}
	}
	return nil
}

// place names a certificate of a path by its position.
func (v Verifier) place(i int) string {
	if i == 0 {
		return v.Role.String() + "'s certificate"
	}
	return "certificate of an authority above the " + v.Role.String() + "'s"
}

// usage is what the leaf must be allowed to do (RFC 5280, section 4.2.1.12).
func usage(r Role) x509.ExtKeyUsage {
	if r == Client {
		return x509.ExtKeyUsageClientAuth
	}
	return x509.ExtKeyUsageServerAuth
}

// isUnknown says whether err is x509's word for "no path".
func isUnknown(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError))
}
