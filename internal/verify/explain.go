package verify

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"time"
)

// sansShown bounds the names an error text lists.
const sansShown = 8

// describe says what a certificate is: subject, issuer, period and names. The texts are a stranger's, so they are
// quoted and bounded.
func describe(c *x509.Certificate) string {
	return fmt.Sprintf("subject %s, issuer %s, valid %s to %s, names %s", subject(c.RawSubject), subject(c.RawIssuer),
		date(c.NotBefore), date(c.NotAfter), names(c))
}

// subject is a distinguished name, quoted and cut.
func subject(raw []byte) string {
	s := distinguished(raw)
	if s == "" {
		return "(empty)"
	}
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return fmt.Sprintf("%q", s)
}

// distinguished is a name in the form of RFC 4514; empty when it is empty or unreadable.
func distinguished(raw []byte) string {
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &rdn); err != nil || len(rest) > 0 {
		return ""
	}
	return rdn.String()
}

// sans are the alternative names of a certificate in the form "DNS:name", as OpenSSL writes them.
func sans(c *x509.Certificate) []string {
	var all []string
	for _, n := range c.DNSNames {
		all = append(all, "DNS:"+n)
	}
	for _, ip := range c.IPAddresses {
		all = append(all, "IP:"+ip.String())
	}
	for _, m := range c.EmailAddresses {
		all = append(all, "email:"+m)
	}
	for _, u := range c.URIs {
		all = append(all, "URI:"+u.String())
	}
	return all
}

func names(c *x509.Certificate) string {
	all := sans(c)
	if len(all) == 0 {
		return "none"
	}
	more := ""
	if len(all) > sansShown {
		more = fmt.Sprintf(" and %d more", len(all)-sansShown)
		all = all[:sansShown]
	}
	quoted := fmt.Sprintf("%.300q", strings.Join(all, ", "))
	return strings.Trim(quoted, `"`) + more
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func outside(c *x509.Certificate, now time.Time) string {
	if now.Before(c.NotBefore) {
		return "is not valid before " + date(c.NotBefore)
	}
	return "expired on " + date(c.NotAfter)
}

// Identity is who a certificate is about: its subject (RFC 4514), or its first alternative name when the subject
// is empty. It holds no control character: a NUL would end the name early for a program in C.
func Identity(c *x509.Certificate) string {
	if s := distinguished(c.RawSubject); s != "" {
		return escapeControls(s)
	}
	if all := sans(c); len(all) > 0 {
		return escapeControls(all[0])
	}
	return ""
}

// escapeControls writes control characters as RFC 4514, section 2.4, has them: a backslash and two hex digits.
func escapeControls(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			fmt.Fprintf(&b, "\\%02x", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// wrongName says what the certificate is for and what was expected.
func (v Verifier) wrongName(leaf *x509.Certificate) string {
	is := "the server's certificate names no host (only its subject does, which does not count)"
	if len(leaf.DNSNames)+len(leaf.IPAddresses) > 0 {
		is = "the server's certificate is for " + names(leaf)
	}
	return fmt.Sprintf("%s, not for %q (subject %s, issuer %s)", is, v.Name, subject(leaf.RawSubject), subject(leaf.RawIssuer))
}

// explain turns x509's reason for there being no path into one a developer can act on.
func (v Verifier) explain(a anchors, sent []*x509.Certificate, err error) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		return v.explainInvalid(invalid)
	}
	leaf := sent[0]
	switch {
	case !isUnknown(err):
		return fmt.Errorf("the %s's certificate does not verify: %s (%s)", v.Role, printable(err), describe(leaf))
	case leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return fmt.Errorf("the %s's certificate is self-signed and not in %s (%s)", v.Role, v.Store.name, describe(leaf))
	}
	return v.explainUnknown(a, sent)
}

func (v Verifier) explainInvalid(invalid x509.CertificateInvalidError) error {
	if text, ok := map[x509.InvalidReason]string{
		x509.NotAuthorizedToSign:           "the chain holds a certificate that signed another without being a CA",
		x509.IncompatibleUsage:             "the " + v.Role.String() + "'s certificate may not be used for a TLS " + v.Role.String() + " (extended key usage)",
		x509.TooManyIntermediates:          "the chain is longer than one of its CAs allows",
		x509.CANotAuthorizedForThisName:    "a CA of the chain may not vouch for the names of the certificate (name constraints)",
		x509.CANotAuthorizedForExtKeyUsage: "a CA of the chain may not vouch for this use (extended key usage)",
	}[invalid.Reason]; ok {
		return fmt.Errorf("%s (%s)", text, describe(invalid.Cert))
	}
	return fmt.Errorf("the chain does not verify: %s (%s)", printable(invalid), describe(invalid.Cert))
}

// printable is the text of an error that may quote a certificate.
func printable(err error) string {
	return strings.Trim(fmt.Sprintf("%.300q", strings.TrimPrefix(err.Error(), "x509: ")), `"`)
}

// explainUnknown follows the chain as far as it goes and says why it ends there.
func (v Verifier) explainUnknown(a anchors, sent []*x509.Certificate) error {
	last := sent[0]
	for range len(sent) {
		next := issuerOf(last, sent)
		if next == nil {
			break
		}
		if err := last.CheckSignatureFrom(next); err != nil {
			return v.explainSignature(last, next, err)
		}
		last = next
	}
	if anchor := issuerOf(last, a.certs); anchor != nil {
		if err := last.CheckSignatureFrom(anchor); err != nil {
			return v.explainSignature(last, anchor, err)
		}
	}
	if bytes.Equal(last.RawSubject, last.RawIssuer) {
		return fmt.Errorf("the %s's chain ends in the CA %s, which is not in %s (%s)", v.Role, subject(last.RawSubject),
			v.Store.name, describe(sent[0]))
	}
	return fmt.Errorf("the %s's certificate is not trusted: the issuer %s is neither in the chain the %s sent nor in %s (%s)",
		v.Role, subject(last.RawIssuer), v.Role, v.Store.name, describe(sent[0]))
}

func issuerOf(c *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	for _, p := range among {
		if p != c && bytes.Equal(p.RawSubject, c.RawIssuer) {
			return p
		}
	}
	return nil
}

// explainSignature says why one certificate does not vouch for another of which it is the issuer by name.
func (v Verifier) explainSignature(c, issuer *x509.Certificate, err error) error {
	var constraint x509.ConstraintViolationError
	var insecure x509.InsecureAlgorithmError
	switch {
	case errors.As(err, &constraint):
		return fmt.Errorf("the certificate %s signed %s without being a CA: it lacks the CA bit or the right to sign certificates (%s)",
			subject(issuer.RawSubject), subject(c.RawSubject), describe(issuer))
	case errors.As(err, &insecure):
		return fmt.Errorf("the certificate %s is signed with %s, which is not secure (%s)", subject(c.RawSubject),
			c.SignatureAlgorithm, describe(c))
	}
	return fmt.Errorf("the signature on %s is not by the key of %s, which has its issuer's name: another CA of the same name, "+
		"or a damaged certificate (%s)", subject(c.RawSubject), subject(issuer.RawSubject), describe(c))
}
