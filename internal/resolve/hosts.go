package resolve

import (
	"bufio"
	"io"
	"net/netip"
	"strings"
)

// askHosts asks hosts(5). The file has only whole names, so the search list does not apply.
func (r *Resolver) askHosts(q question) ([]netip.Addr, *Error) {
	var addrs []netip.Addr
	err := r.read(hostsPath, hostsMax, func(file io.Reader) (err error) {
		addrs, err = scanHosts(file, q.name.text, q.family)
		return err
	})
	if err != nil {
		return nil, q.unreadable(err)
	}
	if len(addrs) == 0 {
		return nil, q.fail(ErrNotFound, "no such name (not in %s, and %s has nobody else to ask)", hostsPath, nsswitchPath)
	}
	return addrs, nil
}

// scanHosts collects the addresses of every line that has host as its name or an alias, in their order. Lines
// that hosts(5) does not allow are passed over. It stops at 2*addrsMax addresses.
func scanHosts(r io.Reader, host string, f Family) ([]netip.Addr, error) {
	var addrs []netip.Addr
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, confMax)
	for len(addrs) < 2*addrsMax && lines.Scan() {
		addr, ok := hostsLine(lines.Text(), host)
		if ok && f.admits(addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs, lines.Err()
}

// hostsLine gives the address of a line when the line is about host.
func hostsLine(line, host string) (netip.Addr, bool) {
	line, _, _ = strings.Cut(line, "#")
	fields := strings.Fields(line)
	if len(fields) < 2 || !lists(fields[1:], host) {
		return netip.Addr{}, false
	}
	addr, ok, err := parseAddr(fields[0])
	return addr, ok && err == nil
}

// lists compares without regard to ASCII case. host is ASCII, so the length keeps out letters like the Kelvin
// sign, which Unicode folds to k.
func lists(aliases []string, host string) bool {
	for _, a := range aliases {
		a = strings.TrimSuffix(a, ".")
		if len(a) == len(host) && strings.EqualFold(a, host) {
			return true
		}
	}
	return false
}
