package revocation

import (
	"testing"

	"crypto/x509"
	"time"

	"github.com/securesocketapi/ssa/internal/testutil/ca"
)

// Serials is how many serial numbers a set has.
func Serials(s *CRLSet) (n int) {
	for _, of := range s.serials {
		n += len(of)
	}
	return n
}

// CRLSetSays is whether a set says of a certificate that it is revoked, and why.
func CRLSetSays(s *CRLSet, c, issuer *x509.Certificate) (bool, string) {
	f := s.about(subject{c, issuer}, time.Unix(0, 0))
	return f.state == revoked, f.text
}

// Refetch is what is done from time to time.
func (j *Judge) Refetch() { j.refetch() }

// Reencode decodes a file of the cache and encodes it again.
func Reencode(text []byte) ([]byte, error) {
	r, err := decode(text)
	if err != nil {
		return nil, err
	}
	return r.encode()
}

// The bounds of the cache.
const (
	EntriesMax = entriesMax
	RetryTime  = retryTime
	IdleTime   = idleTime
)

// Files are files of the cache about a certificate that signed itself: a response and a list.
func Files(t testing.TB, issuer *ca.Entity) (all [][]byte) {
	t.Helper()
	s := subject{issuer.Certificate, issuer.Certificate}
	response, err := readResponse(issuer.Response(t, s.cert), s, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	list, err := readList(issuer.CRLOf(t, ca.Plain(issuer)), s.issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*record{response, list} {
		r.url, r.fetched = "http://a.example/", time.Now()
		text, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}
