package resolve

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Bounds of resolv.conf(5): MAXNS, RES_MAXRETRANS and RES_MAXRETRY, and one on the search list, which has none
// of its own.
const (
	serversMax  = 3
	timeoutMax  = 30
	attemptsMax = 5
	searchMax   = 16
)

// resolvConf is the checked form of resolv.conf(5).
type resolvConf struct {
	// servers are IP addresses, in the order in which to ask.
	servers []string
	// search holds domains in lower case without a trailing dot.
	search   []string
	ndots    int
	timeout  time.Duration
	attempts int
	// sequential is whether A and AAAA are asked one after the other (single-request).
	sequential bool
	// tcp is whether UDP is not used at all (use-vc).
	tcp bool
	// noAAAA is whether no IPv6 address is asked for.
	noAAAA bool
}

// resolvConf reads the program's resolv.conf.
func (r *Resolver) resolvConf() (c resolvConf, err error) {
	err = r.read(resolvPath, confMax, func(file io.Reader) error {
		text, err := io.ReadAll(file)
		if err == nil {
			c, err = parseResolvConf(text, r.config.Hostname)
		}
		return err
	})
	return c, err
}

func parseResolvConf(text []byte, hostname string) (resolvConf, error) {
	if longestLine(text) >= bufio.MaxScanTokenSize-1 {
		return resolvConf{}, errLongLine
	}
	parsed, err := dns.ClientConfigFromReader(bytes.NewReader(text))
	if err != nil {
		return resolvConf{}, err
	}
	c := resolvConf{
		servers:  checkServers(parsed.Servers),
		search:   checkSearch(parsed.Search, hostname),
		ndots:    parsed.Ndots,
		timeout:  time.Duration(min(parsed.Timeout, timeoutMax)) * time.Second,
		attempts: min(parsed.Attempts, attemptsMax),
	}
	c.options(text)
	return c, nil
}

// errLongLine keeps the parser's scanner from ending early without a word.
var errLongLine = errors.New("a line is longer than 64 KiB")

func longestLine(text []byte) int {
	longest := 0
	for line := range bytes.Lines(text) {
		longest = max(longest, len(line))
	}
	return longest
}

// checkServers keeps the first three that are addresses. None at all means the server of this machine.
func checkServers(given []string) []string {
	var servers []string
	for _, s := range given {
		if a, err := netip.ParseAddr(s); err == nil && len(servers) < serversMax {
			servers = append(servers, a.String())
		}
	}
	if len(servers) == 0 {
		return []string{"127.0.0.1"}
	}
	return servers
}

// checkSearch keeps the domains that can end a host name. Without any line about it the list is the domain of
// the host name.
func checkSearch(given []string, hostname string) []string {
	if len(given) == 0 {
		_, domain, _ := strings.Cut(hostname, ".")
		given = []string{domain}
	}
	var search []string
	for _, s := range given {
		n, err := parseName(s)
		if err == nil && len(search) < searchMax && !slices.Contains(search, n.text) {
			search = append(search, n.text)
		}
	}
	return search
}

// options reads those that the parser does not.
func (c *resolvConf) options(text []byte) {
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) == 0 || words[0] != "options" {
			continue
		}
		for _, w := range words[1:] {
			c.option(w)
		}
	}
}

func (c *resolvConf) option(word string) {
	switch word {
	case "rotate":
		// Nothing is kept between lookups, so each begins anywhere instead of at the next server.
		i := rand.IntN(len(c.servers))
		c.servers = slices.Concat(c.servers[i:], c.servers[:i])
	case "single-request", "single-request-reopen":
		c.sequential = true
	case "use-vc":
		c.tcp = true
	case "no-aaaa":
		c.noAAAA = true
	}
}

// candidates are the names to ask for, in order. A name with at least ndots dots is tried as it is before the
// search list, others after it.
func (c *resolvConf) candidates(n name) []string {
	if n.absolute {
		return []string{n.text}
	}
	var names []string
	for _, domain := range c.search {
		if fqdn, ok := n.qualify(domain); ok {
			names = append(names, fqdn)
		}
	}
	if strings.Count(n.text, ".") >= c.ndots {
		return slices.Insert(names, 0, n.text)
	}
	return append(names, n.text)
}

// types are the record types to ask for. With no-aaaa a lookup of IPv6 alone has none.
func (c *resolvConf) types(f Family) []uint16 {
	var types []uint16
	if f != IPv6 {
		types = append(types, dns.TypeA)
	}
	if f != IPv4 && !c.noAAAA {
		types = append(types, dns.TypeAAAA)
	}
	return types
}
