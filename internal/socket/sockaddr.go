package socket

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Family is sa_family of an address in the kernel's form, AF_UNSPEC when it is too short to have one.
func Family(b []byte) int {
	if len(b) < 2 {
		return linux.AFUnspec
	}
	return int(binary.NativeEndian.Uint16(b))
}

// Offsets in struct sockaddr_in and struct sockaddr_in6 (ip(7), ipv6(7)).
const (
	portAt   = 2
	inetAt   = 4
	inet6At  = 8
	scopeAt  = 24
	inetLen  = linux.SockaddrInet4
	inet6Len = linux.SockaddrInet6
)

// ParseInet decodes a struct sockaddr_in or sockaddr_in6; false for anything else. A scope becomes the zone
// as a number.
func ParseInet(b []byte) (netip.AddrPort, bool) {
	switch {
	case Family(b) == linux.AFInet && len(b) >= inetLen:
		ip := netip.AddrFrom4([4]byte(b[inetAt:]))
		return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[portAt:])), true
	case Family(b) == linux.AFInet6 && len(b) >= scopeAt: // without a scope, as RFC 2133 had it
		ip := netip.AddrFrom16([16]byte(b[inet6At:]))
		if len(b) < inet6Len {
			return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[portAt:])), true
		}
		if scope := binary.NativeEndian.Uint32(b[scopeAt:]); scope != 0 {
			ip = ip.WithZone(zone(scope))
		}
		return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[portAt:])), true
	}
	return netip.AddrPort{}, false
}

// InetSockaddr encodes an address for a socket of a domain: IPv4 is mapped into IPv6 for an AF_INET6 socket.
func InetSockaddr(a netip.AddrPort, domain int) []byte {
	ip := a.Addr()
	if domain == linux.AFInet {
		b := make([]byte, inetLen)
		binary.NativeEndian.PutUint16(b, linux.AFInet)
		binary.BigEndian.PutUint16(b[portAt:], a.Port())
		v4 := ip.Unmap().As4()
		copy(b[inetAt:], v4[:])
		return b
	}
	b := make([]byte, inet6Len)
	binary.NativeEndian.PutUint16(b, linux.AFInet6)
	binary.BigEndian.PutUint16(b[portAt:], a.Port())
	v6 := ip.As16()
	copy(b[inet6At:], v6[:])
	binary.NativeEndian.PutUint32(b[scopeAt:], scope(ip.Zone()))
	return b
}

// ParseHost decodes a struct sockaddr_host: the name, which must end in a NUL within the length given, and
// the port.
func ParseHost(b []byte) (string, uint16, error) {
	if len(b) <= abi.SockaddrHostName {
		return "", 0, abi.Failf(abi.Invalid, "struct sockaddr_host of %d bytes is too short for a name", len(b))
	}
	name := b[abi.SockaddrHostName:min(len(b), abi.SockaddrHostName+abi.HostnameMax)]
	end := bytes.IndexByte(name, 0)
	if end < 0 {
		return "", 0, abi.Failf(abi.Invalid, "the name in struct sockaddr_host has no NUL within %d bytes", len(name))
	}
	if end == 0 {
		return "", 0, abi.Failf(abi.Invalid, "the name in struct sockaddr_host is empty")
	}
	return string(name[:end]), binary.BigEndian.Uint16(b[portAt:]), nil
}

// unixSockaddr encodes a path as a struct sockaddr_un (unix(7)).
func unixSockaddr(path string) []byte {
	b := make([]byte, 2, 3+len(path))
	binary.NativeEndian.PutUint16(b, linux.AFUnix)
	return append(append(b, path...), 0)
}

func nativeUint32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }

// domainOf is the domain in which an address of a socket is reported: the socket's own, but for a socket that
// was made for IPv4 and connected to a name, which may have reached it over IPv6.
func domainOf(a netip.AddrPort, domain int) int {
	if domain == linux.AFInet && a.Addr().Is6() && !a.Addr().Is4In6() {
		return linux.AFInet6
	}
	return domain
}
