package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
)

// urlMax bounds an address in bytes.
const urlMax = 2048

// parse reads a stranger's address and checks what can be checked without resolving it.
func (f *Fetcher) parse(text string) (*url.URL, error) {
	if len(text) > urlMax {
		return nil, fmt.Errorf("%w: the address has %d bytes; at most %d are allowed", ErrForbidden, len(text), urlMax)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %.300q is no address", ErrForbidden, text)
	}
	return u, f.check(u)
}

// check is asked about each redirect, too.
func (f *Fetcher) check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: %.300q is neither http nor https", ErrForbidden, u)
	case u.User != nil:
		return fmt.Errorf("%w: the address for %.300q names a user", ErrForbidden, u.Host)
	case u.Hostname() == "":
		return fmt.Errorf("%w: %.300q names no host", ErrForbidden, u)
	case !slices.Contains(f.c.Ports, port(u)):
		return fmt.Errorf("%w: %.300q: the policy does not allow its port", ErrForbidden, u)
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && f.forbidden(a) {
		return forbiddenAddress(a)
	}
	return nil
}

// port is the one to connect to; 0 when it is none.
func port(u *url.URL) uint16 {
	if u.Port() == "" {
		return map[string]uint16{"http": 80, "https": 443}[u.Scheme]
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

func forbiddenAddress(a netip.Addr) error {
	return fmt.Errorf("%w: %s is not an address of the Internet; an administrator can allow it (validation.fetch.allow)", ErrForbidden, a)
}
