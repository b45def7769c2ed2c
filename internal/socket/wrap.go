package socket

// The life of a plain TCP socket that is wrapped:
//
//  1. The program calls connect or listen. Where the destination or the port is to be wrapped, the socket is converted:
//     an AF_UNIX socket takes its place in the program, and it becomes the real TCP socket of a TLS socket, with
//     everything that was set on it and bound.
//  2. The call is carried out as on a TLS socket. Nothing of the program's ever reaches the TCP socket.

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/resolve"
)

// A Wrap is a destination of plain TCP connections that become TLS. Host is a name, which the server must prove, an IP
// address, or AnyHost.
type Wrap struct {
	Host string
	Port uint16
}

// AnyHost stands for every address that no other rule has. The server must prove the address.
const AnyHost = "*"

func (w Wrap) String() string { return fmt.Sprintf("%s port %d", w.Host, w.Port) }

// Wraps are what is wrapped for the programs of a tree.
type Wraps struct {
	To []Wrap
	// Listen are the ports of listeners.
	Listen []uint16
	// Request is what the program did not ask for: trust anchors of its connections, certificates of its listeners.
	Request abi.Request
}

// Any says whether anything is wrapped.
func (w Wraps) Any() bool { return len(w.To)+len(w.Listen) > 0 }

// wrapAddrsMax bounds the addresses that are known of one name to be wrapped.
const wrapAddrsMax = 1024

// places are the addresses that names to be wrapped have had. A name that gives each asker other addresses is known by
// all of them.
type places struct {
	mu    sync.Mutex
	known map[string]map[netip.Addr]bool
}

// Wrapping says whether anything may have to be wrapped. It is settled when the tree starts.
func (t *Table) Wrapping() bool { return t.wraps.Any() || t.profiles.used }

// MayWrap says whether connections to a port may have to be wrapped.
func (t *Table) MayWrap(port uint16) bool {
	return t.profiles.used || slices.ContainsFunc(t.wraps.To, func(w Wrap) bool { return w.Port == port })
}

// destination is the rule for an address, nil when there is none. Where a name cannot be looked up there is no telling,
// and the error says so.
func (t *Table) destination(ctx context.Context, task Task, rules []Wrap, to netip.AddrPort) (*Wrap, error) {
	var found *Wrap
	ip := reached(to.Addr())
	for _, w := range rules {
		if w.Port != to.Port() || w.Host == AnyHost {
			continue
		}
		here, err := t.places.has(ctx, task, w.Host, ip)
		if err != nil {
			return nil, err
		}
		if here && found != nil && found.Host != w.Host {
			return nil, invalid("connect to %v: both %s and %s are there, and which name is to be proved cannot be told", to, found.Host, w.Host)
		}
		if here {
			found = &w
		}
	}
	if found == nil && slices.Contains(rules, Wrap{AnyHost, to.Port()}) {
		found = &Wrap{ip.String(), to.Port()}
	}
	return found, nil
}

// reached is the address that a connection to one goes to: to none is to this host.
func reached(ip netip.Addr) netip.Addr {
	switch ip = ip.Unmap().WithZone(""); ip {
	case netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case netip.IPv6Unspecified():
		return netip.IPv6Loopback()
	}
	return ip
}

// has says whether a host has an address. An address that it did not have before may be one it has now: the program may
// just have been given it. So the answer no takes a look-up each time.
func (p *places) has(ctx context.Context, task Task, host string, ip netip.Addr) (bool, error) {
	if literal, err := netip.ParseAddr(host); err == nil {
		return literal == ip, nil
	}
	p.mu.Lock()
	known := p.known[host][ip]
	p.mu.Unlock()
	if known {
		return true, nil
	}
	addrs, err := lookup(ctx, task, host)
	if err != nil {
		return false, err
	}
	p.add(host, addrs)
	return slices.Contains(addrs, ip), nil
}

func (p *places) add(host string, addrs []netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.known[host]
	if at == nil || len(at)+len(addrs) > wrapAddrsMax {
		at = map[netip.Addr]bool{}
		p.known[host] = at
	}
	for _, a := range addrs {
		at[a] = true
	}
}

// lookup resolves a name as a task sees it. A name that does not exist has no addresses.
func lookup(ctx context.Context, task Task, host string) ([]netip.Addr, error) {
	all, err := readFiles(task)
	if err != nil {
		return nil, err
	}
	id, err := task.Identity()
	if err != nil {
		return nil, err
	}
	defer id.Close()
	addrs, err := resolve.New(resolve.Config{Open: all.open, Dial: nameServers(id)}).Lookup(ctx, host, resolve.Any)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &abi.Failure{Kind: abi.Unresolved, Err: fmt.Errorf("whether the connection is to be wrapped cannot be told: %w", err)}
	}
	return addrs, nil
}

// CheckWraps refuses rules of which two are for the same address and port, as a task sees their names now.
func CheckWraps(ctx context.Context, task Task, rules []Wrap) error {
	seen := map[netip.AddrPort]Wrap{}
	for i, w := range rules {
		if w.Host == AnyHost {
			continue
		}
		alone := !slices.ContainsFunc(rules, func(o Wrap) bool { return o.Port == w.Port && o.Host != w.Host })
		if alone || slices.Contains(rules[:i], w) {
			continue
		}
		addrs := []netip.Addr{}
		if literal, err := netip.ParseAddr(w.Host); err == nil {
			addrs = append(addrs, literal)
		} else if addrs, err = lookup(ctx, task, w.Host); err != nil {
			return err
		}
		for _, a := range addrs {
			at := netip.AddrPortFrom(a, w.Port)
			if other, taken := seen[at]; taken {
				return invalid("%s and %s are both at %v: which name is to be proved cannot be told; give them different ports", other.Host, w.Host, at)
			}
			seen[at] = w
		}
	}
	return nil
}

// WrapConnect converts a task's plain TCP socket when the address in the kernel's form is one to be wrapped. A nil handle
// without an error: it is not.
func (t *Table) WrapConnect(ctx context.Context, u Upgrade, addr []byte) (*Handle, error) {
	to, ok := ParseInet(addr)
	if !ok || !stream(u) {
		return nil, nil
	}
	theirs, err := t.profile(ctx, u.App)
	if err != nil {
		return nil, err
	}
	w, err := t.destination(ctx, u.Owner, slices.Concat(t.wraps.To, theirs.Wrap), to)
	if err != nil || w == nil {
		return nil, err
	}
	return t.convert(u, func(r *abi.Request) {
		if r.RemoteHostname == "" {
			r.RemoteHostname = w.Host
		}
		if r.TrustAnchors == nil {
			r.TrustAnchors = t.wraps.Request.TrustAnchors
		}
	})
}

// stream says whether it is about a stream socket of the internet: programs connect others to find routes and names.
func stream(u Upgrade) bool {
	fd, _, err := streamOf(u.Owner, u.FD)
	fd.Close()
	return err != nil || fd != linux.NoFD
}

// WrapListen converts a task's plain TCP socket when it is bound to a port to be wrapped.
func (t *Table) WrapListen(ctx context.Context, u Upgrade) (*Handle, error) {
	theirs, err := t.profile(ctx, u.App)
	if err != nil {
		return nil, err
	}
	ports := slices.Concat(t.wraps.Listen, theirs.WrapListen)
	if len(ports) == 0 {
		return nil, nil
	}
	fd, _, err := streamOf(u.Owner, u.FD)
	if err != nil || fd == linux.NoFD {
		return nil, err
	}
	local, err := localName(fd)
	fd.Close()
	if err != nil || !slices.Contains(ports, local.Port()) {
		return nil, err
	}
	return t.convert(u, func(r *abi.Request) {
		if len(r.Credentials) == 0 {
			r.Credentials = t.wraps.Request.Credentials
		}
	})
}
