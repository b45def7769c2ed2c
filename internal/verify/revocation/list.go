package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// listMax bounds a revocation list in bytes; one entry takes about forty.
const listMax = 8 << 20

// list is what a revocation list says (RFC 5280, section 5).
type list struct {
	// entries are the reasons by serial number.
	entries map[string]int8
	// points are the distribution points it is for; nil when it is for all certificates of the issuer.
	points []string
	// users and authorities say for which certificates it is.
	users, authorities bool
	number             *big.Int
}

// readList checks a list and who signed it.
func readList(der []byte, issuer *x509.Certificate) (*record, error) {
	if len(der) > listMax {
		return nil, fmt.Errorf("the list has %d bytes; at most %d are looked at", len(der), listMax)
	}
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("the list is malformed: %.200q", err.Error())
	}
	if !bytes.Equal(crl.RawIssuer, issuer.RawSubject) {
		return nil, fmt.Errorf("the list is of another issuer: %.120q", crl.Issuer)
	}
	if err := crl.CheckSignatureFrom(issuer); err != nil {
		return nil, fmt.Errorf("the list is not signed by the certificate's issuer: %.200q", err.Error())
	}
	l := list{users: true, authorities: true, number: crl.Number}
	if err := l.scope(crl.Extensions); err != nil {
		return nil, err
	}
	if l.entries, err = entries(crl.RevokedCertificateEntries); err != nil {
		return nil, err
	}
	next := crl.NextUpdate
	if next.IsZero() {
		next = crl.ThisUpdate.Add(defaultLife)
	}
	return &record{kind: CRL, issuer: issuer, der: der, this: crl.ThisUpdate, next: next, list: l}, nil
}

// The extensions of a list that mean something here (RFC 5280, section 5.2).
func oidDelta() asn1.ObjectIdentifier  { return asn1.ObjectIdentifier{2, 5, 29, 27} }
func oidScope() asn1.ObjectIdentifier  { return asn1.ObjectIdentifier{2, 5, 29, 28} }
func oidReason() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 21} }

// scope reads for which certificates the list is.
func (l *list) scope(extensions []pkix.Extension) error {
	for _, e := range extensions {
		switch {
		case e.Id.Equal(oidDelta()):
			return errors.New("it is a delta list, which says only what has changed; these are not used")
		case e.Id.Equal(oidScope()):
			if err := l.distribution(e.Value); err != nil {
				return err
			}
		case e.Critical:
			return fmt.Errorf("the list has a critical extension that is not known: %v", e.Id)
		}
	}
	return nil
}

// issuingPoint is IssuingDistributionPoint (RFC 5280, section 5.2.5).
type issuingPoint struct {
	Point       pointName      `asn1:"optional,tag:0"`
	Users       bool           `asn1:"optional,tag:1"`
	Authorities bool           `asn1:"optional,tag:2"`
	Reasons     asn1.BitString `asn1:"optional,tag:3"`
	Indirect    bool           `asn1:"optional,tag:4"`
	Attributes  bool           `asn1:"optional,tag:5"`
}

type pointName struct {
	Full     []asn1.RawValue `asn1:"optional,tag:0"`
	Relative asn1.RawValue   `asn1:"optional,tag:1"`
}

func (l *list) distribution(der []byte) error {
	var p issuingPoint
	if rest, err := asn1.Unmarshal(der, &p); err != nil || len(rest) > 0 {
		return errors.New("the list's distribution point is malformed")
	}
	switch {
	case p.Indirect:
		return errors.New("it is an indirect list, of certificates of several issuers; these are not used")
	case p.Attributes:
		return errors.New("it is a list of attribute certificates")
	case p.Reasons.BitLength > 0:
		return errors.New("it is a list of revocations for some reasons only; these are not used")
	case len(p.Point.Relative.FullBytes) > 0:
		return errors.New("its distribution point is named relative to the issuer; such lists are not used")
	}
	l.users, l.authorities = !p.Authorities, !p.Users
	for _, name := range p.Point.Full {
		if name.Class == asn1.ClassContextSpecific && name.Tag == tagURI {
			l.points = append(l.points, string(name.Bytes))
		}
	}
	if p.Point.Full != nil && l.points == nil {
		return errors.New("the list's distribution point is not named by an address")
	}
	return nil
}

// tagURI is uniformResourceIdentifier in GeneralName (RFC 5280, section 4.2.1.6).
const tagURI = 6

// entries are the reasons by serial number. An entry with a critical extension that is not known makes the list unusable
// (RFC 5280, section 5.3), as it would in an indirect list.
func entries(all []x509.RevocationListEntry) (map[string]int8, error) {
	out := make(map[string]int8, len(all))
	for _, e := range all {
		for _, ext := range e.Extensions {
			if ext.Critical && !ext.Id.Equal(oidReason()) {
				return nil, fmt.Errorf("an entry of the list has a critical extension that is not known: %v", ext.Id)
			}
		}
		out[string(e.SerialNumber.Bytes())] = int8(min(max(e.ReasonCode, 0), 127))
	}
	return out, nil
}

// covers says whether the list would have the certificate if it were revoked.
func (l *list) covers(c *x509.Certificate) bool {
	if authority := c.IsCA && c.BasicConstraintsValid; authority && !l.authorities || !authority && !l.users {
		return false
	}
	return l.points == nil || slices.ContainsFunc(c.CRLDistributionPoints, l.at)
}

// at says whether the list may be at a distribution point: an issuer's lists must not stand for each other.
func (l *list) at(url string) bool {
	return l.points == nil || slices.ContainsFunc(l.points, func(p string) bool { return strings.EqualFold(p, url) })
}

// about says what the list says of a certificate of its issuer.
func (l *list) about(c *x509.Certificate) finding {
	if code, ok := l.entries[string(c.SerialNumber.Bytes())]; ok {
		return finding{revoked, "revoked, " + reason(int(code))}
	}
	if !l.covers(c) {
		return finding{}
	}
	return finding{good, "not revoked"}
}

// defaultLife is how long something holds that does not say it.
const defaultLife = 24 * time.Hour
