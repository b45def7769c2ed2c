package resolve

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// aliasesMax bounds the CNAME records between a name and its addresses.
const aliasesMax = 16

// interpret says what an answer means.
func interpret(m *dns.Msg, q dns.Question) result {
	switch {
	case m.Rcode == dns.RcodeNameError:
		return result{verdict: noName}
	case m.Rcode != dns.RcodeSuccess:
		return result{verdict: failed, text: "answered " + rcode(m.Rcode)}
	case isReferral(m):
		return result{verdict: failed, text: "referred to another server instead of asking it"}
	}
	owner := q.Name
	for range aliasesMax + 1 {
		if addrs := addresses(m, owner, q.Qtype); len(addrs) > 0 {
			return result{verdict: found, addrs: addrs}
		}
		target, ok := alias(m, owner)
		if !ok {
			return result{verdict: noData}
		}
		owner = target
	}
	return result{verdict: failed, text: "gave an alias of an alias without end"}
}

func rcode(code int) string {
	if text, ok := dns.RcodeToString[code]; ok {
		return text
	}
	return "with an unknown response code"
}

// isReferral is whether the server has no recursion to offer and names other servers instead.
func isReferral(m *dns.Msg) bool {
	isNS := func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS }
	return !m.Authoritative && !m.RecursionAvailable && len(m.Answer) == 0 && slices.ContainsFunc(m.Ns, isNS)
}

// addresses collects the addresses of owner. IPv4-mapped ones have no place in the DNS (RFC 4038, section 4.2).
func addresses(m *dns.Msg, owner string, qtype uint16) []netip.Addr {
	var addrs []netip.Addr
	for _, rr := range m.Answer {
		if !belongs(rr, owner, qtype) || len(addrs) == addrsMax {
			continue
		}
		if a := address(rr); a.IsValid() && !a.Is4In6() {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

func address(rr dns.RR) netip.Addr {
	switch rr := rr.(type) {
	case *dns.A:
		a, _ := netip.AddrFromSlice(rr.A.To4())
		return a
	case *dns.AAAA:
		a, _ := netip.AddrFromSlice(rr.AAAA)
		return a
	}
	return netip.Addr{}
}

// alias is the name that owner is another name for.
func alias(m *dns.Msg, owner string) (string, bool) {
	for _, rr := range m.Answer {
		if c, ok := rr.(*dns.CNAME); ok && belongs(rr, owner, dns.TypeCNAME) {
			return c.Target, true
		}
	}
	return "", false
}

func belongs(rr dns.RR, owner string, qtype uint16) bool {
	h := rr.Header()
	return h.Rrtype == qtype && h.Class == dns.ClassINET && strings.EqualFold(h.Name, owner)
}
