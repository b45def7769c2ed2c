package resolve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
)

// Config says through whose eyes names are looked up.
type Config struct {
	// Open opens one of /etc/hosts, /etc/nsswitch.conf and /etc/resolv.conf for reading, as the program sees
	// it: absolute symbolic links have to be followed inside the program's root (openat2(2),
	// RESOLVE_IN_ROOT). It must not block, whatever the file is. Errors that are fs.ErrNotExist or
	// fs.ErrPermission count as an empty file. At most 16 MiB of hosts and 1 MiB of the others are read,
	// a larger file is an error. Nil is os.Open.
	Open func(name string) (io.ReadCloser, error)
	// Dial makes a connected socket, in the program's network namespace. network is "udp" or "tcp", addr an IP
	// address with port 53. A UDP socket must be connected, so that only its server's datagrams arrive. It
	// must return when ctx ends. Nil is a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Hostname is the program's host name (gethostname(2)). Where resolv.conf has no search list, the search
	// list is the part after its first dot. May be empty.
	Hostname string
}

// A Resolver looks names up. It keeps nothing between lookups and may be used by several goroutines at once.
type Resolver struct {
	config Config
}

// New makes a Resolver. It reads nothing yet.
func New(c Config) *Resolver {
	if c.Open == nil {
		c.Open = func(name string) (io.ReadCloser, error) { return os.Open(name) }
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	return &Resolver{config: c}
}

// Lookup gives the addresses of a host name or IP literal, in the order in which to try them: IPv6 first, the
// families taking turns, at most 32 of each family. There is at least one when the error is nil. IPv4-mapped
// addresses are given as IPv4.
//
// A name ending in a dot is absolute, others go through the search list of resolv.conf(5). Names have at most
// 253 characters and labels at most 63 (RFC 1035, section 2.3.4), of letters, digits, hyphens and underscores;
// internationalized names must be given as A-labels (RFC 5890).
//
// Errors are of type *Error, with the class ErrName, ErrNotFound or ErrTemporary. resolv.conf(5) decides how long
// a lookup may take: by default silent servers end it after 5 s x 2 attempts x their number, at most 3. Give ctx
// a deadline for a bound of your own.
func (r *Resolver) Lookup(ctx context.Context, host string, f Family) ([]netip.Addr, error) {
	addr, isAddr, err := parseAddr(host)
	if err != nil {
		return nil, &Error{Host: host, Reason: err.Error(), Class: ErrName}
	}
	if isAddr && !f.admits(addr) {
		return nil, &Error{Host: host, Reason: "this is no " + f.String() + " address", Class: ErrNotFound}
	}
	if isAddr {
		return []netip.Addr{addr}, nil
	}
	n, err := parseName(host)
	if err != nil {
		return nil, &Error{Host: host, Reason: err.Error(), Class: ErrName}
	}
	return r.lookupName(ctx, question{host: host, name: n, family: f})
}

// question is one lookup: what was given, and its checked form.
type question struct {
	host   string
	name   name
	family Family
}

// fail makes the error of a lookup.
func (q question) fail(class error, format string, args ...any) *Error {
	return &Error{Host: q.host, Reason: fmt.Sprintf(format, args...), Class: class}
}

// unreadable is the error for a file. It ends the lookup: going on without the file could give another answer
// than the program would get.
func (q question) unreadable(err error) *Error {
	return &Error{Host: q.host, Reason: err.Error(), Class: ErrTemporary, Cause: err, broken: true}
}

// lookupName asks the sources, then knows localhost by itself.
func (r *Resolver) lookupName(ctx context.Context, q question) ([]netip.Addr, error) {
	sources, err := r.sources()
	if err != nil {
		return nil, q.unreadable(err)
	}
	addrs, failure := r.askSources(ctx, q, sources)
	if len(addrs) == 0 && q.name.isLocalhost() {
		addrs = loopback(q.family)
	}
	if len(addrs) == 0 {
		return nil, failure
	}
	return interleave(addrs), nil
}

// askSources asks in order until one answers or an action says to stop. The error is that of the source asked
// last, except that it does not hide a temporary failure before it.
func (r *Resolver) askSources(ctx context.Context, q question, sources []source) ([]netip.Addr, *Error) {
	failure := q.fail(ErrNotFound, "no such name (%s lists no source that is served: %s)", nsswitchPath, words(sources))
	for i, s := range sources {
		if slices.ContainsFunc(sources[:i], func(b source) bool { return b.module == s.module }) {
			continue
		}
		addrs, err := r.ask(ctx, q, s)
		if err == nil && len(addrs) == 0 {
			continue
		}
		if err == nil {
			return addrs, nil
		}
		if errors.Is(failure, ErrNotFound) {
			failure = err
		}
		if s.stops(err) {
			break
		}
	}
	return nil, failure
}

// ask asks one source. Neither addresses nor an error means that it was passed over.
func (r *Resolver) ask(ctx context.Context, q question, s source) ([]netip.Addr, *Error) {
	switch s.module {
	case moduleFiles:
		return r.askHosts(q)
	case moduleDNS:
		if q.name.isLocalhost() {
			return nil, nil
		}
		return r.askDNS(ctx, q)
	case moduleMDNS:
		if q.name.isLocal() && s.stop&statusNotFound != 0 {
			return nil, q.fail(ErrNotFound, "%s leaves .local to %s, and multicast DNS is not served", nsswitchPath, s.word)
		}
	case moduleOther:
	}
	return nil, nil
}

// words lists the sources for a message.
func words(sources []source) string {
	var all []string
	for _, s := range sources {
		all = append(all, show(s.word))
	}
	return list(all)
}
