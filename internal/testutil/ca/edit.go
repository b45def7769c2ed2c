package ca

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"time"
)

// Subject sets the common name.
func Subject(name string) Edit {
	return func(c *x509.Certificate) { c.Subject.CommonName = name }
}

// Authority gives the right to sign certificates and revocation lists.
func Authority(name string) Edit {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.BasicConstraintsValid = name, true, true
		c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
}

// Hosts makes it a server's certificate for these names.
func Hosts(names ...string) Edit {
	return func(c *x509.Certificate) {
		c.DNSNames = append(c.DNSNames, names...)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

// Addresses adds IP addresses.
func Addresses(ips ...string) Edit {
	return func(c *x509.Certificate) {
		for _, ip := range ips {
			c.IPAddresses = append(c.IPAddresses, net.ParseIP(ip))
		}
	}
}

// Expired is valid no more, Future not yet.
func Expired(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = c.NotBefore.Add(-48*time.Hour), c.NotAfter.Add(-48*time.Hour)
}

// Future is not valid yet.
func Future(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = c.NotBefore.Add(48*time.Hour), c.NotAfter.Add(48*time.Hour)
}

// Usage sets the extended key usages.
func Usage(u ...x509.ExtKeyUsage) Edit { return func(c *x509.Certificate) { c.ExtKeyUsage = u } }

// Rights sets the key usage.
func Rights(u x509.KeyUsage) Edit { return func(c *x509.Certificate) { c.KeyUsage = u } }

// NoConstraints leaves the basic constraints out, without which a certificate is no authority (RFC 5280, 4.2.1.9).
func NoConstraints(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = false, false }

// NotCA has basic constraints that say it is no authority.
func NotCA(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = true, false }

// PathLen bounds how many authorities may be below this one.
func PathLen(n int) Edit {
	return func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 }
}

// PermitDNS and the like are name constraints (RFC 5280, section 4.2.1.10).
func PermitDNS(domains ...string) Edit {
	return func(c *x509.Certificate) { c.PermittedDNSDomains = domains }
}

// ExcludeDNS excludes domains.
func ExcludeDNS(domains ...string) Edit {
	return func(c *x509.Certificate) { c.ExcludedDNSDomains = domains }
}

// PermitIP permits a range of addresses.
func PermitIP(cidr string) Edit {
	return func(c *x509.Certificate) { c.PermittedIPRanges = []*net.IPNet{network(cidr)} }
}

// ExcludeIP excludes a range of addresses.
func ExcludeIP(cidr string) Edit {
	return func(c *x509.Certificate) { c.ExcludedIPRanges = []*net.IPNet{network(cidr)} }
}

// network is nil where cidr is none, which the parser of certificates refuses.
func network(cidr string) *net.IPNet {
	_, n, _ := net.ParseCIDR(cidr)
	return n
}

// Signed sets the signature algorithm.
func Signed(a x509.SignatureAlgorithm) Edit {
	return func(c *x509.Certificate) { c.SignatureAlgorithm = a }
}

// Serial sets the serial number.
func Serial(n int64) Edit { return func(c *x509.Certificate) { c.SerialNumber = big.NewInt(n) } }

// Extension adds an extension as it is.
func Extension(oid asn1.ObjectIdentifier, critical bool, value []byte) Edit {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: value})
	}
}

// MustStaple demands a stapled response of the server (RFC 7633): status_request, in DER.
func MustStaple(c *x509.Certificate) {
	Extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, false, []byte{0x30, 3, 2, 1, 5})(c)
}

// RespondersAt names OCSP responders.
func RespondersAt(urls ...string) Edit { return func(c *x509.Certificate) { c.OCSPServer = urls } }

// ListsAt names distribution points of revocation lists.
func ListsAt(urls ...string) Edit {
	return func(c *x509.Certificate) { c.CRLDistributionPoints = urls }
}

// RawNames is a subjectAltName with DNS names as they are, whatever bytes they hold. It is critical, as in a
// certificate without a subject.
func RawNames(names ...string) Edit {
	var body []byte
	for _, n := range names {
		body = append(body, 0x82, byte(len(n)))
		body = append(body, n...)
	}
	der := append([]byte{0x30, byte(len(body))}, body...)
	return func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		Extension(asn1.ObjectIdentifier{2, 5, 29, 17}, false, der)(c)
	}
}
