package dane

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// anchorsMax bounds the trust anchors of records that are tried for one chain.
const anchorsMax = 8

// match is one record against one chain: nil when the record speaks for the peer, otherwise why not.
func (j *Judge) match(r record, q *judge.Question, names []string) error {
	matchers := map[usage]func(record, *judge.Question, []string) error{
		pkixTA: j.matchPKIXTA, pkixEE: j.matchPKIXEE, daneTA: j.matchDANETA, daneEE: j.matchDANEEE,
	}
	return matchers[r.usage](r, q, names)
}

var (
	errNoMatch = errors.New("matches nothing the server sent")
	errNoPath  = errors.New("needs a path to a CA of the trust store, and there is none")
)

// matchPKIXTA wants a CA of the record in a path that is good by the trust store.
func (j *Judge) matchPKIXTA(r record, q *judge.Question, _ []string) error {
	if len(q.Paths) == 0 {
		return errNoPath
	}
	for _, path := range q.Paths {
		if len(path) > 1 && slices.ContainsFunc(path[1:], r.matches) {
			return nil
		}
	}
	return errNoMatch
}

// matchPKIXEE wants the leaf of the record, with a path that is good by the trust store.
func (j *Judge) matchPKIXEE(r record, q *judge.Question, _ []string) error {
	switch {
	case !r.matches(q.Leaf()):
		return errNoMatch
	case len(q.Paths) == 0:
		return errNoPath
	}
	return nil
}

// matchDANEEE wants the leaf of the record and nothing else: neither name nor period count (RFC 7671, section 5.1).
func (j *Judge) matchDANEEE(r record, q *judge.Question, _ []string) error {
	if !r.matches(q.Leaf()) {
		return errNoMatch
	}
	return j.strong(q.Leaf())
}

// matchDANETA wants a path to the CA of the record, inside its periods, and one of the names in the leaf (RFC 7671,
// section 5.2).
func (j *Judge) matchDANETA(r record, q *judge.Question, names []string) error {
	first := errNoMatch
	for _, anchor := range r.anchors(q) {
		err := j.path(anchor, q)
		if err == nil {
			return named(q.Leaf(), names)
		}
		if errors.Is(first, errNoMatch) {
			first = err
		}
	}
	return first
}

// anchors are the certificates the record names a trust anchor by: those sent that match it, or that which it holds.
func (r record) anchors(q *judge.Question) []*x509.Certificate {
	var all []*x509.Certificate
	for _, c := range q.Chain[1:] {
		if len(all) < anchorsMax && r.matches(c) {
			all = append(all, c)
		}
	}
	if c := r.certificate(); c != nil && len(all) == 0 {
		all = append(all, c)
	}
	return all
}

// path is whether there is a way from the leaf to the anchor.
func (j *Judge) path(anchor *x509.Certificate, q *judge.Question) error {
	opts := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: q.Time,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	opts.Roots.AddCert(anchor)
	for _, c := range q.Chain[1:] {
		opts.Intermediates.AddCert(c)
	}
	paths, err := q.Leaf().Verify(opts)
	if err != nil {
		return fmt.Errorf("names a CA from which no path leads to the server's certificate: %.200q", err.Error())
	}
	for _, p := range paths {
		if err = j.strong(p...); err == nil {
			return nil
		}
	}
	return err
}

// named is whether the leaf is for one of the names.
func named(leaf *x509.Certificate, names []string) error {
	for _, n := range names {
		if leaf.VerifyHostname(n) == nil {
			return nil
		}
	}
	return fmt.Errorf("names a CA of the server's certificate, which is not for %q", names)
}

// strong refuses the small keys that the trust store's paths may not have either.
func (j *Judge) strong(path ...*x509.Certificate) error {
	for _, c := range path {
		switch k := c.PublicKey.(type) {
		case *rsa.PublicKey:
			if k.N.BitLen() < j.config.RSABits {
				return fmt.Errorf("names a chain with an RSA key of %d bits; at least %d are needed", k.N.BitLen(), j.config.RSABits)
			}
		case *ecdsa.PublicKey:
			if bits := k.Curve.Params().BitSize; bits < 256 {
				return fmt.Errorf("names a chain with an ECDSA key of %d bits; at least 256 are needed", bits)
			}
		}
	}
	return nil
}
