package verify

import (
	"crypto/x509"
	"time"
)

// timeless lets x509 build paths with periods of validity set aside: certificates outside theirs are replaced by
// copies inside. A signature is over the raw bytes and stays good.
type timeless struct {
	now    time.Time
	copies map[*x509.Certificate]*x509.Certificate
}

// outside says whether now is not in the certificate's period (RFC 5280, section 4.1.2.5: both ends included).
func (t *timeless) outside(c *x509.Certificate) bool {
	return t.now.Before(c.NotBefore) || t.now.After(c.NotAfter)
}

func (t *timeless) stretch(c *x509.Certificate) *x509.Certificate {
	if !t.outside(c) {
		return c
	}
	stretched := *c
	stretched.NotBefore, stretched.NotAfter = t.now.Add(-time.Hour), t.now.Add(time.Hour)
	if t.copies == nil {
		t.copies = map[*x509.Certificate]*x509.Certificate{}
	}
	t.copies[&stretched] = c
	return &stretched
}

// original is the certificate that c was copied from, or c.
func (t *timeless) original(c *x509.Certificate) *x509.Certificate {
	if o, ok := t.copies[c]; ok {
		return o
	}
	return c
}

func (t *timeless) pool(certs []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(t.stretch(c))
	}
	return pool
}
