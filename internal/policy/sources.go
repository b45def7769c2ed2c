package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Where judges get what they know from. The global settings alone say so: a judge outlives connections.

// A Resolver is who validates DNSSEC for us.
type Resolver struct {
	// Address is its address; the port is 0 when none was given.
	Address netip.AddrPort
	// Pins are the keys it may have, which makes it one that is asked by TLS.
	Pins []Pin
}

// Port is the port when none was given (RFC 1035, section 4.2; RFC 7858, section 3.1).
func (r Resolver) port() uint16 {
	switch {
	case r.Address.Port() != 0:
		return r.Address.Port()
	case len(r.Pins) > 0:
		return 853
	}
	return 53
}

// Dial is where it is reached; empty when there is none.
func (r Resolver) Dial() string {
	if !r.Address.Addr().IsValid() {
		return ""
	}
	return netip.AddrPortFrom(r.Address.Addr(), r.port()).String()
}

// Logs are the logs of certificates that count, and how many of them must vouch for one.
type Logs struct {
	// List is the path of the log list; empty is none.
	List string
	// Timestamps is how many logs must vouch, Operators how many different operators must be among theirs.
	Timestamps, Operators int
}

// Witnesses are the notaries, and how many must agree.
type Witnesses struct {
	List []Notary
	// Agree is how many must see the peer's key; 0 is the smallest majority.
	Agree int
	// Inside asks them also about servers at addresses that are not of the Internet.
	Inside bool
}

// A Notary is somebody who sees servers from elsewhere.
type Notary struct {
	Name string
	// Address is a host and a port.
	Address string
	// Pins are the keys it may have.
	Pins   []Pin
	Source Source
}

func showNotaries(s *Settings) string {
	var names []string
	for _, n := range s.Validation.Notaries.List {
		names = append(names, n.Name+" ("+n.Address+")")
	}
	return strings.Join(names, " ")
}

func showPinned(pins []Pin) string {
	var all []string
	for _, p := range pins {
		all = append(all, p.String())
	}
	return strings.Join(all, " ")
}

func showAgree(s *Settings) string {
	if s.Validation.Notaries.Agree == 0 {
		return "majority"
	}
	return strconv.Itoa(s.Validation.Notaries.Agree)
}

// sources refuses judges that cannot know anything, in any section, and numbers that cannot be reached.
func (c *checker) sources(p *Policy) {
	is := &p.global.Settings.Validation
	c.numbers(&p.global, pile(p.base, []*Layer{&p.global}, c.now).Validation)
	c.sourced(&p.global, is)
	for _, profile := range p.profiles {
		c.sourced(&profile.Layer, is)
		for i := range profile.Sections {
			c.sourced(&profile.Sections[i].Layer, is)
		}
	}
}

// sourced refuses a layer that asks a judge without what it needs.
func (c *checker) sourced(l *Layer, global *Validation) {
	needs := []struct {
		judge   Judge
		missing bool
		key     string
	}{
		{JudgeDANE, global.Resolver.Dial() == "", "resolver, whose word on DNSSEC counts"},
		{JudgeTransparency, global.Logs.List == "", "log_list, the file with the logs that count"},
		{JudgeNotaries, len(global.Notaries.List) == 0, "notary, at least one to ask"},
	}
	for _, n := range needs {
		if n.missing && l.Set.Has(n.judge.Key()) && l.Settings.Validation.Rules[n.judge].Weight != Off {
			c.problemf(l.Settings.Sources.At(n.judge.Key()), "%s needs, in the global settings, %s", n.judge.Key(), n.key)
		}
	}
}

// numbers checks what the global settings say against each other.
func (c *checker) numbers(l *Layer, v Validation) {
	at := func(keys ...Key) Source {
		for _, k := range keys {
			if l.Set.Has(k) {
				return l.Settings.Sources.At(k)
			}
		}
		return Source{}
	}
	if r := v.Resolver; r.Dial() != "" && !r.Address.Addr().Unmap().IsLoopback() && len(r.Pins) == 0 {
		c.problemf(at(KeyResolver), "%s: %s is not on this machine, so that anybody on the way could answer for it; give "+
			"resolver_sha256, the key by which it is known over TLS, or run a validating resolver here", KeyResolver, r.Dial())
	}
	if v.Logs.Operators > v.Logs.Timestamps {
		c.problemf(at(KeyLogOperators, KeyTimestamps), "%s: %d operators cannot be among those of %d timestamps", KeyLogOperators,
			v.Logs.Operators, v.Logs.Timestamps)
	}
	if n := len(v.Notaries.List); n > 0 && v.Notaries.Agree > n {
		c.problemf(at(KeyAgree, KeyNotaryList), "%s: %d of %d notaries cannot agree", KeyAgree, v.Notaries.Agree, n)
	}
	for i, n := range v.Notaries.List {
		same := func(o Notary) bool { return o.Name == n.Name || o.Address == n.Address }
		if slices.ContainsFunc(v.Notaries.List[:i], same) {
			c.problemf(n.Source, "notary %q (%s) is there twice", n.Name, n.Address)
		}
	}
}
