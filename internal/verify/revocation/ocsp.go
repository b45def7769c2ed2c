package revocation

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// responseMax bounds an OCSP response in bytes.
const responseMax = 64 << 10

// readResponse checks what a response says about the certificate and who says it.
func readResponse(der []byte, s subject, now time.Time) (*record, error) {
	if len(der) > responseMax {
		return nil, fmt.Errorf("the response has %d bytes; at most %d are looked at", len(der), responseMax)
	}
	// The signature is checked below: the package takes a certificate in the response for a delegate's.
	r, err := ocsp.ParseResponseForCert(der, s.cert, nil)
	var refused ocsp.ResponseError
	switch {
	case errors.As(err, &refused):
		return nil, fmt.Errorf("the responder answers %q", refused.Status)
	case err != nil:
		return nil, fmt.Errorf("the response is malformed: %.200q", err.Error())
	case !aboutIssuer(r, s):
		return nil, errors.New("the response is about the certificate of another issuer")
	}
	if err := authorized(r, s.issuer, now); err != nil {
		return nil, err
	}
	next := r.NextUpdate
	if next.IsZero() {
		next = r.ThisUpdate.Add(defaultLife)
	}
	out := &record{kind: OCSP, issuer: s.issuer, serial: s.cert.SerialNumber, der: der, this: r.ThisUpdate, next: next}
	out.response = response{status: r.Status, at: r.RevokedAt, reason: r.RevocationReason}
	return out, nil
}

// response is what a responder says about a certificate.
type response struct {
	status, reason int
	at             time.Time
}

// about is the finding of a response; it is about this certificate.
func (r response) about() finding {
	switch r.status {
	case ocsp.Good:
		return finding{good, "not revoked"}
	case ocsp.Revoked:
		return finding{revoked, fmt.Sprintf("revoked on %s, %s", day(r.at), reason(r.reason))}
	}
	return failedf("the responder does not know it")
}

// authorized says whether the response is signed by the issuer, or by a responder of which the issuer says that it may
// (RFC 6960, section 4.2.2.2).
func authorized(r *ocsp.Response, issuer *x509.Certificate, now time.Time) error {
	by := r.Certificate
	if by == nil || bytes.Equal(by.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		if err := r.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("the response is not signed by the certificate's issuer: %.200q", err.Error())
		}
		return nil
	}
	switch {
	case !bytes.Equal(by.RawIssuer, issuer.RawSubject) || by.CheckSignatureFrom(issuer) != nil:
		return fmt.Errorf("the response is signed by %s, which the certificate's issuer did not issue", certName(by))
	case !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return fmt.Errorf("the response is signed by %s, which may not sign responses (extended key usage OCSPSigning)", certName(by))
	case now.Before(by.NotBefore) || now.After(by.NotAfter):
		return fmt.Errorf("the response is signed by %s, which is not valid now", certName(by))
	}
	if err := r.CheckSignatureFrom(by); err != nil {
		return fmt.Errorf("the signature on the response is bad: %.200q", err.Error())
	}
	return nil
}

// certID is the beginning of SingleResponse, responseData that of ResponseData (RFC 6960, section 4.2.1). What follows
// in them is read elsewhere.
type certID struct {
	Hash          asn1.RawValue
	Name, KeyHash []byte
	Serial        *big.Int
}

type responseData struct {
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []struct{ ID certID }
}

// aboutIssuer says whether all that the response says of this serial number is about a certificate of this issuer:
// serial numbers are unique for each issuer only.
func aboutIssuer(r *ocsp.Response, s subject) bool {
	var data responseData
	var key struct {
		Algorithm asn1.RawValue
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(r.TBSResponseData, &data); err != nil {
		return false
	}
	if _, err := asn1.Unmarshal(s.issuer.RawSubjectPublicKeyInfo, &key); err != nil {
		return false
	}
	hash := func(b []byte) []byte {
		h := r.IssuerHash.New()
		h.Write(b)
		return h.Sum(nil)
	}
	name, keyHash := hash(s.issuer.RawSubject), hash(key.Bits.RightAlign())
	for _, single := range data.Responses {
		is := bytes.Equal(single.ID.Name, name) && bytes.Equal(single.ID.KeyHash, keyHash)
		if single.ID.Serial.Cmp(s.cert.SerialNumber) == 0 && !is {
			return false
		}
	}
	return true
}

// request is what to ask a responder. SHA-1 is what every responder understands (RFC 5019, section 2.1.1); it
// identifies and protects nothing.
func request(s subject) ([]byte, error) { return ocsp.CreateRequest(s.cert, s.issuer, nil) }
