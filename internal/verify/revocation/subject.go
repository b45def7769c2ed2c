package revocation

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
)

// subject is a certificate of a path with the one that issued it.
type subject struct {
	cert, issuer *x509.Certificate
}

// subjects are all of a path but the anchor.
func subjects(path []*x509.Certificate) []subject {
	var all []subject
	for i := range len(path) - 1 {
		all = append(all, subject{path[i], path[i+1]})
	}
	return all
}

// String names the certificate for a text; the name is a stranger's.
func (s subject) String() string { return certName(s.cert) }

func certName(c *x509.Certificate) string {
	name := c.Subject.String()
	if name == "" && len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	return fmt.Sprintf("%.120q (serial %.24x)", name, c.SerialNumber.Bytes())
}

// id identifies what an issuer says: its name, its key, and what it is about.
type id [sha256.Size]byte

func issuerID(kind Kind, issuer *x509.Certificate, about []byte) id {
	name, key := sha256.Sum256(issuer.RawSubject), sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	return sha256.Sum256(slices.Concat([]byte{byte(kind)}, name[:], key[:], about))
}

// responseID identifies OCSP's answer about the certificate, whichever responder gives it.
func (s subject) responseID() id { return issuerID(OCSP, s.issuer, s.cert.SerialNumber.Bytes()) }

// listID identifies the list at a distribution point.
func (s subject) listID(url string) id { return issuerID(CRL, s.issuer, []byte(url)) }

// featureOID is the TLS feature extension (RFC 7633), statusRequest the feature that demands a stapled response.
const statusRequest = 5

func featureOID() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24} }

// mustStaple says whether the certificate demands that a response is stapled. An extension that cannot be read does.
func mustStaple(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if !e.Id.Equal(featureOID()) {
			continue
		}
		var features []int
		rest, err := asn1.Unmarshal(e.Value, &features)
		return err != nil || len(rest) > 0 || slices.Contains(features, statusRequest)
	}
	return false
}
