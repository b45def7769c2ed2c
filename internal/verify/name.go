package verify

import (
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// named says whether the leaf is for the name; subjectAltName alone counts (RFC 9525, section 6).
func (v Verifier) named(leaf *x509.Certificate) bool {
	if ip, ok := address(v.Name); ok {
		return slices.ContainsFunc(leaf.IPAddresses, func(san net.IP) bool {
			a, ok := netip.AddrFromSlice(san)
			return ok && a.Unmap() == ip
		})
	}
	few := *leaf
	few.DNSNames = slices.DeleteFunc(slices.Clone(leaf.DNSNames), tooWide)
	return few.VerifyHostname(strings.TrimSuffix(v.Name, ".")) == nil
}

// tooWide says whether a wildcard stands for all of a top-level domain. No certificate of the Internet may have one;
// OpenSSL and GnuTLS refuse them, too.
func tooWide(name string) bool {
	rest, wild := strings.CutPrefix(name, "*")
	return wild && strings.Count(strings.TrimSuffix(rest, "."), ".") < 2
}

// address reads an address literal, without its zone, which no certificate can name.
func address(name string) (netip.Addr, bool) {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	ip, err := netip.ParseAddr(name)
	return ip.Unmap().WithZone(""), err == nil
}
