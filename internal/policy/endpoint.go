package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// An Endpoint is a host and a port.
type Endpoint struct {
	// Host is a name in lower case without a dot at its end, an IP address, or "*" for any.
	Host string
	Port uint16
}

// ParseEndpoint takes "HOST:PORT"; an IPv6 address stands in brackets.
func ParseEndpoint(s string) (Endpoint, error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return Endpoint{}, fmt.Errorf("%q is not HOST:PORT", s)
	}
	n, err := ParsePort(s[i+1:])
	if err != nil {
		return Endpoint{}, fmt.Errorf("%q: %w", s, err)
	}
	host := s[:i]
	if host == "*" {
		return Endpoint{Host: host, Port: n}, nil
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, _ = strings.CutSuffix(inner, "]")
		if ip, err := netip.ParseAddr(inner); err == nil && ip.Is6() && ip.Zone() == "" && host == "["+inner+"]" {
			return Endpoint{Host: ip.Unmap().String(), Port: n}, nil
		}
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() {
		return Endpoint{Host: host, Port: n}, nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !isHostname(host) {
		return Endpoint{}, fmt.Errorf("%q: %q is neither a host name nor an address", s, host)
	}
	return Endpoint{Host: host, Port: n}, nil
}

// ParsePort takes a port from 1 to 65535.
func ParsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no port from 1 to 65535", s)
	}
	return uint16(n), nil
}

func (e Endpoint) String() string {
	if strings.Contains(e.Host, ":") {
		return fmt.Sprintf("[%s]:%d", e.Host, e.Port)
	}
	return fmt.Sprintf("%s:%d", e.Host, e.Port)
}

// isHostname takes names of at most 253 characters whose labels have at most 63 (RFC 1123, section 2.1).
func isHostname(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		bad := func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || strings.ContainsFunc(label, bad) {
			return false
		}
	}
	return true
}
