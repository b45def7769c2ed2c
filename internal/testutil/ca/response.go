package ca

import (
	"crypto/rand"
	"crypto/x509"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// A ResponseEdit changes an OCSP response.
type ResponseEdit func(*answer)

// answer is a response to be made.
type answer struct {
	ocsp.Response
	issuer, responder *Entity
	// included says that the responder's certificate is sent along.
	included bool
}

// Response is the issuer's OCSP response about a certificate: good, made an hour ago, for a day.
func (e *Entity) Response(t testing.TB, about *x509.Certificate, edits ...ResponseEdit) []byte {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	a := &answer{issuer: e, responder: e, Response: ocsp.Response{
		Status: ocsp.Good, SerialNumber: about.SerialNumber, ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(24 * time.Hour),
	}}
	for _, edit := range edits {
		edit(a)
	}
	if a.included {
		a.Certificate = a.responder.Certificate
	}
	der, err := ocsp.CreateResponse(a.issuer.Certificate, a.responder.Certificate, a.Response, a.responder.Key)
	if err != nil {
		t.Fatalf("make OCSP response: %v", err)
	}
	return der
}

// Revoked says that the certificate is revoked, for a reason of RFC 5280, section 5.3.1.
func Revoked(reason int) ResponseEdit {
	return func(a *answer) {
		a.Status, a.RevocationReason, a.RevokedAt = ocsp.Revoked, reason, a.ThisUpdate
	}
}

// Unknown says that the responder does not know the certificate.
func Unknown(a *answer) { a.Status = ocsp.Unknown }

// Stale is out of date since an hour.
func Stale(a *answer) {
	a.ThisUpdate, a.NextUpdate = a.ThisUpdate.Add(-25*time.Hour), a.NextUpdate.Add(-25*time.Hour)
}

// Early is of tomorrow.
func Early(a *answer) {
	a.ThisUpdate, a.NextUpdate = a.ThisUpdate.Add(25*time.Hour), a.NextUpdate.Add(25*time.Hour)
}

// Endless does not say until when it holds.
func Endless(a *answer) { a.NextUpdate = time.Time{} }

// Made is of another time.
func Made(at time.Time) ResponseEdit { return func(a *answer) { a.ThisUpdate = at } }

// About is about the certificate of another issuer with the same serial number.
func About(issuer *Entity) ResponseEdit { return func(a *answer) { a.issuer = issuer } }

// By is signed by somebody else, whose certificate is sent along.
func By(responder *Entity) ResponseEdit {
	return func(a *answer) { a.responder, a.included = responder, true }
}

// ByKey is signed by somebody else, who says nothing of it.
func ByKey(responder *Entity) ResponseEdit { return func(a *answer) { a.responder = responder } }

// Responder is a certificate that the issuer lets sign responses.
func (e *Entity) Responder(t testing.TB, edits ...Edit) *Entity {
	t.Helper()
	return e.Issue(t, append([]Edit{Subject("responder"), Usage(x509.ExtKeyUsageOCSPSigning)}, edits...)...)
}

// CRLOf is a list of revoked certificates: made an hour ago, for a day.
func (e *Entity) CRLOf(t testing.TB, revoked []*x509.Certificate, edits ...func(*x509.RevocationList)) []byte {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	l := &x509.RevocationList{Number: serialNumber(t), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(24 * time.Hour)}
	for _, c := range revoked {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: l.ThisUpdate})
	}
	for _, edit := range edits {
		edit(l)
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, e.Certificate, e.Key)
	if err != nil {
		t.Fatalf("make revocation list: %v", err)
	}
	return der
}
