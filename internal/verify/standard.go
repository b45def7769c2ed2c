package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Standard is standard validation (RFC 5280, RFC 6125) as a judge.
type Standard struct {
	// Stores must each find the chain good; the paths are those of the first.
	Stores []*Store
	// RSABits is the smallest RSA key accepted anywhere in the chain.
	RSABits int
}

// Name implements judge.Judge.
func (Standard) Name() string { return judge.Standard }

// Judge implements judge.Judge. It sets the question's paths, and so comes before all other judges.
func (s Standard) Judge(_ context.Context, q *judge.Question) judge.Verdict {
	verdict := judge.Errorf("there is no trust store")
	var paths [][]*x509.Certificate
	for i, store := range s.Stores {
		v := Verifier{Store: store, Role: q.Role, Name: q.Host, RSABits: s.RSABits, Now: func() time.Time { return q.Time }}
		found, err := v.Paths(q.Chain)
		if err != nil {
			return invalid(err)
		}
		if i == 0 {
			paths = found
		}
		verdict = judge.Validf("the %s proves %s by an authority of %s", q.Role, proven(q), store.name)
	}
	q.Paths = paths
	return verdict
}

func proven(q *judge.Question) string {
	if q.Role == Client {
		return "who it is"
	}
	return fmt.Sprintf("%q", q.Host)
}

// invalid is a verdict of the class of a failure.
func invalid(err error) judge.Verdict {
	kind := abi.Rejected
	if f := (*abi.Failure)(nil); errors.As(err, &f) {
		kind = f.Kind
	}
	return judge.Invalidf(kind, "%s", err)
}
