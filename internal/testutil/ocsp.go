package testutil

import (
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Respond signs an OCSP response, DER, about a leaf: good for an hour, where r does not say otherwise.
func (ca *CA) Respond(t testing.TB, leaf Certificate, r ocsp.Response) []byte {
	t.Helper()
	r.SerialNumber = leaf.X509.SerialNumber
	if r.ThisUpdate.IsZero() {
		r.ThisUpdate = time.Now().Add(-time.Minute)
	}
	if r.NextUpdate.IsZero() {
		r.NextUpdate = time.Now().Add(time.Hour)
	}
	b, err := ocsp.CreateResponse(ca.Cert, ca.Cert, r, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
