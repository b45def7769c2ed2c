package fetch

import (
	"net/netip"
	"slices"
)

// inside are the addresses that are no one's on the Internet (the IANA special-purpose registries, RFC 6890).
func inside() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8",       // this network; 0.0.0.0 is this machine
		"10.0.0.0/8",      // private (RFC 1918)
		"100.64.0.0/10",   // behind a provider's translation (RFC 6598)
		"127.0.0.0/8",     // loopback
		"169.254.0.0/16",  // link-local; what clouds serve their machines
		"172.16.0.0/12",   // private
		"192.0.0.0/24",    // protocol assignments (RFC 6890)
		"192.0.2.0/24",    // documentation (RFC 5737)
		"192.88.99.0/24",  // relays of 6to4, withdrawn (RFC 7526)
		"192.168.0.0/16",  // private
		"198.18.0.0/15",   // benchmarks (RFC 2544)
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"224.0.0.0/4",     // multicast
		"240.0.0.0/4",     // reserved; broadcast
		"2001::/23",       // protocol assignments, Teredo among them (RFC 2928)
		"2001:db8::/32",   // documentation (RFC 3849)
		"3fff::/20",       // documentation (RFC 9637)
	)
}

// global are the only IPv6 addresses routed on the Internet; loopback, ULA, link-local and multicast are outside.
func global() netip.Prefix { return netip.MustParsePrefix("2000::/3") }

// embedding are the prefixes whose addresses stand for an IPv4 address, with the byte at which that begins.
func embedding() map[netip.Prefix]int {
	return map[netip.Prefix]int{
		netip.MustParsePrefix("64:ff9b::/96"): 12, // NAT64 (RFC 6052)
		netip.MustParsePrefix("2002::/16"):    2,  // 6to4 (RFC 3056)
	}
}

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// Inside says whether an address is not one of the Internet: loopback, private, link-local, multicast, unspecified or
// reserved. An IPv6 address that stands for an IPv4 address is judged by that.
func Inside(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for p, at := range embedding() {
		if p.Contains(a) {
			raw := a.As16()
			v4, _ := netip.AddrFromSlice(raw[at : at+4])
			return Inside(v4)
		}
	}
	if a.Is6() && !global().Contains(a) {
		return true
	}
	return within(inside(), a)
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// forbidden says whether an address must not be connected to.
func (f *Fetcher) forbidden(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return !within(f.c.Allow, a) && Inside(a)
}
