package config

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
)

// Bounds of what is said about revocations and fetching.
const (
	ageMax       = 366 * 24 * time.Hour
	listFilesMax = 64
)

// fetching are the keys of the table validation.fetch.
func fetching() []setting {
	return []setting{
		{"allow", policy.KeyFetchAllow, global, readFetchAllow},
		{"ports", policy.KeyFetchPorts, global, readFetchPorts},
		{"proxy", policy.KeyFetchProxy, global, readFetchProxy},
	}
}

func readRevocationLists(d *decoder, it item, s *policy.Settings) bool {
	list := &s.Validation.Revocations.Lists
	good := d.words(it, func(e item, text string) bool { return d.file(e, text) && d.once(e, list, text) })
	if good && len(*list) > listFilesMax {
		d.problemf(it.at, "%d files with revocation lists, more than %d", len(*list), listFilesMax)
		return false
	}
	return good
}

// readFetchAllow takes addresses and prefixes.
func readFetchAllow(d *decoder, it item, s *policy.Settings) bool {
	return d.words(it, func(e item, text string) bool {
		p, err := netip.ParsePrefix(text)
		if a, plain := netip.ParseAddr(text); plain == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p != p.Masked() || p.Addr().Is4In6() {
			d.problemf(e.value.at, `%q is no address and no prefix of addresses, such as "10.0.0.0/8" or "fd00::/8"`, text)
			return false
		}
		s.Validation.Fetching.Allow = append(s.Validation.Fetching.Allow, p)
		return true
	})
}

func readFetchPorts(d *decoder, it item, s *policy.Settings) bool {
	before := len(d.problems)
	s.Validation.Fetching.Ports = d.ports(it)
	return len(d.problems) == before
}

// readFetchProxy takes the URL of a proxy, with host and port and nothing else.
func readFetchProxy(d *decoder, it item, s *policy.Settings) bool {
	text, ok := d.word(it)
	if !ok {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !hostPort(u.Host) || *u != (url.URL{Scheme: u.Scheme, Host: u.Host}) {
		d.problemf(it.value.at, `proxy is %q; it has to be of the form "http://proxy.example.net:3128"`, text)
		return false
	}
	s.Validation.Fetching.Proxy = text
	return true
}
