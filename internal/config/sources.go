package config

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/securesocketapi/ssa/internal/policy"
)

// notariesMax bounds the notaries; each is asked about each new server.
const notariesMax = 16

// daneSettings, transparencySettings and notarySettings are where those judges get what they know from. They are of the
// global settings alone: a judge outlives connections.
func daneSettings() []setting {
	return []setting{
		{"resolver", policy.KeyResolver, global, readResolver},
		{"resolver_sha256", policy.KeyResolverPins, global, func(d *decoder, it item, s *policy.Settings) bool {
			before := len(d.problems)
			s.Validation.Resolver.Pins = d.pins(it)
			return len(d.problems) == before
		}},
	}
}

func transparencySettings() []setting {
	return []setting{
		{"log_list", policy.KeyLogList, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Validation.Logs.List, ok = d.word(it)
			return ok && d.file(it, s.Validation.Logs.List)
		}},
		{"scts", policy.KeyTimestamps, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Validation.Logs.Timestamps, ok = d.number(it, bounds{1, 8})
			return ok
		}},
		{"operators", policy.KeyLogOperators, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Validation.Logs.Operators, ok = d.number(it, bounds{1, 8})
			return ok
		}},
	}
}

func notarySettings() []setting {
	return []setting{
		{"notary", policy.KeyNotaryList, global, readNotaries},
		{"agree", policy.KeyAgree, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Validation.Notaries.Agree, ok = d.number(it, bounds{1, notariesMax})
			return ok
		}},
		{"inside", policy.KeyNotariesInside, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Validation.Notaries.Inside, ok = d.flag(it)
			return ok
		}},
	}
}

// readResolver takes an address, with or without a port.
func readResolver(d *decoder, it item, s *policy.Settings) bool {
	text, ok := d.word(it)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		a, plain := netip.ParseAddr(text)
		at, err = netip.AddrPortFrom(a, 0), plain
	}
	if err != nil || at.Addr().IsUnspecified() {
		d.problemf(it.value.at, `resolver is %q, which is no address, or address and port: "127.0.0.53" or "[2001:db8::1]:853"`, text)
		return false
	}
	s.Validation.Resolver.Address = at
	return true
}

// readNotaries takes an array of tables, each with a name, an address and keys.
func readNotaries(d *decoder, it item, s *policy.Settings) bool {
	before := len(d.problems)
	all := d.array(it)
	if len(all) > notariesMax {
		d.problemf(it.at, "%d notaries, more than %d", len(all), notariesMax)
		return false
	}
	for _, e := range all {
		if !d.is(e, tableValue) {
			return false
		}
		s.Validation.Notaries.List = append(s.Validation.Notaries.List, d.notary(e))
	}
	return len(d.problems) == before && len(all) > 0
}

func (d *decoder) notary(e item) policy.Notary {
	n := policy.Notary{Source: e.at}
	d.rows(e.value.table, inNotary, []row{
		{"name", func(it item) {
			var ok bool
			if n.Name, ok = d.word(it); ok && !validName(n.Name) {
				d.problemf(it.value.at, "name is %q; a name has 1 to %d letters, digits, \"-\", \"_\" and \".\"", n.Name, nameMax)
			}
		}},
		{"address", func(it item) {
			var ok bool
			if n.Address, ok = d.word(it); ok && !hostPort(n.Address) {
				d.problemf(it.value.at, `address is %q; it has to be a host and a port, as "notary.example.net:443"`, n.Address)
			}
		}},
		{"sha256", func(it item) { n.Pins = d.pins(it) }},
	})
	for _, need := range []string{"name", "address", "sha256"} {
		if e.value.table.find(need) == nil {
			d.problemf(e.at, "notary needs %s: name, address, and sha256, the keys by which it is known", need)
		}
	}
	return n
}

func hostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	n, bad := strconv.ParseUint(port, 10, 16)
	return err == nil && bad == nil && host != "" && n > 0
}
