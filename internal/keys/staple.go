package keys

import (
	"crypto/x509"
	"fmt"
	"time"

	"golang.org/x/crypto/ocsp"
)

// A Staple is what a certificate authority says about the state of a certificate, for its server to send along
// (RFC 6066, section 8).
type Staple struct {
	// Response is the OCSP response, DER.
	Response []byte
	// End is when it is not good any more; zero is never.
	End time.Time
}

// ParseStaple checks that a response, DER, is good for the leaf of a chain: that it is about this certificate, says that
// it is good, and is signed by its issuer where that is in the chain. Its time is not judged.
func ParseStaple(response []byte, chain []*x509.Certificate) (Staple, error) {
	var issuer *x509.Certificate
	if len(chain) > 1 {
		issuer = chain[1]
	}
	r, err := ocsp.ParseResponseForCert(response, chain[0], issuer)
	if err != nil {
		return Staple{}, fmt.Errorf("decode the OCSP response: %w", err)
	}
	if r.Status != ocsp.Good {
		words := map[int]string{ocsp.Revoked: "revoked", ocsp.Unknown: "unknown to its issuer"}
		return Staple{}, fmt.Errorf("the OCSP response says that the certificate is %s", words[r.Status])
	}
	if r.SerialNumber.Cmp(chain[0].SerialNumber) != 0 {
		return Staple{}, fmt.Errorf("the OCSP response is about another certificate, with serial number %x", r.SerialNumber)
	}
	return Staple{Response: response, End: r.NextUpdate}, nil
}
