package resolve

import (
	"errors"
	"net/netip"
	"slices"
)

// A Family is which addresses a lookup is to give.
type Family int

// The families.
const (
	// Any is both, AF_UNSPEC of getaddrinfo(3).
	Any Family = iota
	// IPv4 is AF_INET.
	IPv4
	// IPv6 is AF_INET6. IPv4-mapped addresses are not among them.
	IPv6
)

// String is "IPv4 or IPv6", "IPv4" or "IPv6".
func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	case Any:
	}
	return "IPv4 or IPv6"
}

// admits is whether an unmapped address is of the family.
func (f Family) admits(a netip.Addr) bool {
	return f == Any || a.Is4() == (f == IPv4)
}

// addrsMax bounds the addresses of one name and family. Nobody connects to more.
const addrsMax = 32

// parseAddr reads an IP literal. A zone is allowed where it means something, on a link-local address
// (RFC 4007, section 11), and must be able to name an interface. An IPv4-mapped address becomes IPv4.
func parseAddr(s string) (addr netip.Addr, isAddr bool, err error) {
	addr, err = netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false, nil
	}
	if addr.Zone() != "" && !addr.IsLinkLocalUnicast() {
		return netip.Addr{}, true, errors.New("only a link-local address takes a zone")
	}
	if len(addr.Zone()) > zoneMax {
		return netip.Addr{}, true, errors.New("the zone is too long for an interface name")
	}
	return addr.Unmap(), true, nil
}

// zoneMax is the longest interface name, in bytes (netdevice(7): IFNAMSIZ without its NUL).
const zoneMax = 15

// loopback is what localhost means when hosts(5) does not say.
func loopback(f Family) []netip.Addr {
	both := []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	return slices.DeleteFunc(both, func(a netip.Addr) bool { return !f.admits(a) })
}

// interleave orders addresses for connecting: IPv6 first, then the families take turns (RFC 8305, section 4,
// with a First Address Family Count of 1). Inside a family the order given is kept, repetitions are dropped.
func interleave(addrs []netip.Addr) []netip.Addr {
	var six, four []netip.Addr
	for _, a := range addrs {
		switch {
		case a.Is4() && !slices.Contains(four, a) && len(four) < addrsMax:
			four = append(four, a)
		case a.Is6() && !slices.Contains(six, a) && len(six) < addrsMax:
			six = append(six, a)
		}
	}
	ordered := make([]netip.Addr, 0, len(six)+len(four))
	for i := range max(len(six), len(four)) {
		ordered = append(ordered, six[min(i, len(six)):min(i+1, len(six))]...)
		ordered = append(ordered, four[min(i, len(four)):min(i+1, len(four))]...)
	}
	return ordered
}
