package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A Dest is where a client connects to. What is not known yet is zero.
type Dest struct {
	// Host is the name the program gave, empty when it gave an address.
	Host string
	Addr netip.Addr
	Port uint16
}

// A Section is what holds for some destinations of a profile.
type Section struct {
	Source Source
	// Hosts and Ports are the destinations; an empty list stands for all.
	Hosts []Host
	Ports []uint16
	Layer Layer
}

// A Host is a pattern for a destination: a name, in which "*" stands for one label or a part of it and "**" for
// several, or a range of addresses.
type Host struct {
	name Glob
	// addrs is valid for a range of addresses.
	addrs netip.Prefix
}

// NewHost makes a pattern from a name, an address or a prefix in the form of RFC 4632.
func NewHost(pattern string) (Host, error) {
	if addr, err := netip.ParseAddr(pattern); err == nil {
		addr = addr.Unmap().WithZone("")
		return Host{addrs: netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	if prefix, err := netip.ParsePrefix(pattern); err == nil {
		if prefix.Masked() != prefix {
			return Host{}, fmt.Errorf("the address has bits beyond the prefix; write %s", prefix.Masked())
		}
		return Host{addrs: prefix}, nil
	}
	if pattern == "" || strings.ContainsAny(pattern, "/:@ \t") {
		return Host{}, fmt.Errorf("%q is neither a host name nor an address nor a prefix", pattern)
	}
	return Host{name: newGlob(strings.ToLower(strings.TrimSuffix(pattern, ".")), '.')}, nil
}

// String is the pattern.
func (h Host) String() string {
	switch {
	case !h.addrs.IsValid():
		return h.name.String()
	case h.addrs.IsSingleIP():
		return h.addrs.Addr().String()
	}
	return h.addrs.String()
}

func (h Host) match(d Dest) bool {
	if h.addrs.IsValid() {
		return h.addrs.Contains(d.Addr.Unmap().WithZone(""))
	}
	return d.Host != "" && h.name.Match(strings.ToLower(strings.TrimSuffix(d.Host, ".")))
}

// possible says whether the pattern may match once more is known of the destination.
func (h Host) possible(d Dest) bool {
	if h.addrs.IsValid() {
		return !d.Addr.IsValid() || h.match(d)
	}
	return d.Host == "" && !d.Addr.IsValid() || h.match(d)
}

// rank says how specific the pattern is: names before addresses.
func (h Host) rank() int {
	if h.addrs.IsValid() {
		return 1 + h.addrs.Bits()
	}
	return rankLiteral + h.name.rank()
}

func (h Host) overlaps(o Host) bool {
	if h.addrs.IsValid() || o.addrs.IsValid() {
		return h.addrs.IsValid() && o.addrs.IsValid() && h.addrs.Overlaps(o.addrs)
	}
	return h.name.overlaps(o.name)
}

// sectionRank is how specific a section is for a destination: by host, then by port.
type sectionRank struct{ host, port int }

func (r sectionRank) above(o sectionRank) bool {
	return r.host > o.host || r.host == o.host && r.port > o.port
}

// match says whether the section is for a destination, and how specifically.
func (s *Section) match(d Dest) (r sectionRank, ok bool) {
	for _, h := range s.Hosts {
		if h.match(d) {
			r.host = max(r.host, h.rank())
		}
	}
	if len(s.Ports) > 0 {
		r.port = 1
	}
	ok = (len(s.Hosts) == 0 || r.host > 0) && (len(s.Ports) == 0 || slices.Contains(s.Ports, d.Port))
	return r, ok
}

// possible says whether the section may be for a destination of which not all is known.
func (s *Section) possible(d Dest) bool {
	host := len(s.Hosts) == 0 || slices.ContainsFunc(s.Hosts, func(h Host) bool { return h.possible(d) })
	return host && (len(s.Ports) == 0 || d.Port == 0 || slices.Contains(s.Ports, d.Port))
}

// ties says whether some destination is of both sections and neither is more specific.
func (s *Section) ties(o *Section) bool {
	if (len(s.Ports) > 0) != (len(o.Ports) > 0) || (len(s.Hosts) > 0) != (len(o.Hosts) > 0) {
		return false
	}
	samePort := len(s.Ports) == 0 || slices.ContainsFunc(s.Ports, func(p uint16) bool { return slices.Contains(o.Ports, p) })
	if !samePort || len(s.Hosts) == 0 {
		return samePort
	}
	return slices.ContainsFunc(s.Hosts, func(h Host) bool {
		return slices.ContainsFunc(o.Hosts, func(g Host) bool { return h.rank() == g.rank() && h.overlaps(g) })
	})
}

// String is the destinations, as texts name them.
func (s *Section) String() string {
	hosts := make([]string, 0, len(s.Hosts))
	for _, h := range s.Hosts {
		hosts = append(hosts, h.String())
	}
	text := strings.Join(hosts, ", ")
	if len(s.Hosts) == 0 {
		text = "any host"
	}
	if len(s.Ports) > 0 {
		text += " port " + strings.Trim(fmt.Sprint(s.Ports), "[]")
	}
	return text
}
