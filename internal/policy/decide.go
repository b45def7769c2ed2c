package policy

import (
	"slices"
	"time"
)

// Policy is the live form of a checked policy. It is immutable and safe for concurrent use.
type Policy struct {
	base     Settings
	global   Layer
	profiles []*Profile
	index    *index
}

// Rules are a policy as its files say it: each value is well formed, but nobody has looked at them together.
type Rules struct {
	Global   Layer
	Profiles []*Profile
}

// New checks the rules against each other and against what the engine can do, and makes them a Policy. It is nil
// when one of the problems is more than a warning. At now an exception counts as dead or alive; both are checked.
func New(r Rules, c Caps, now time.Time) (*Policy, []Problem) {
	p := &Policy{base: Default(), global: r.Global, profiles: r.Profiles}
	p.prepare()
	problems := p.check(c, now)
	for _, problem := range problems {
		if !problem.Warning {
			return nil, problems
		}
	}
	return p, problems
}

// Uniform is a policy of the same settings for everybody.
func Uniform(s Settings) *Policy {
	return &Policy{base: s, index: newIndex(nil)}
}

// prepare makes the rules ready for decisions.
func (p *Policy) prepare() {
	above := p.base
	p.global.measure(&above)
	p.global.over(&above, never(), nil)
	var all []*entry
	for _, profile := range p.profiles {
		profile.Layer.measure(&above)
		if len(profile.Sections) > 0 {
			profile.measureSections(above)
		}
		all = append(all, profile.entries()...)
	}
	p.index = newIndex(all)
}

// measureSections finds out what is weak in the destinations.
func (p *Profile) measureSections(above Settings) {
	p.Layer.over(&above, never(), nil)
	for i := range p.Sections {
		p.Sections[i].Layer.measure(&above)
	}
}

// A Role is the side of a handshake a program takes.
type Role uint8

// The roles.
const (
	// AnyRole is a socket of which it is not known yet.
	AnyRole Role = iota
	Client
	Server
)

// A Decision is what is in force for one socket.
type Decision struct {
	Settings Settings
	// Enforced is what would be in force if the profile did not only complain; nil when it does not.
	Enforced *Settings
	// Profile is the one in force, nil when none matched, and Section the part of it for the destination.
	Profile *Profile
	Section *Section
	// Exceptions are those that something in force needs.
	Exceptions []*Exception
	// Tried are the profiles that were looked at; the others cannot match.
	Tried []Trial
}

// Decide says what is in force for a program. A destination counts for clients only.
func (p *Policy) Decide(s Subject, role Role, d Dest, now time.Time) Decision {
	best, tried := p.index.choose(&s)
	var profile *Profile
	var section *Section
	if best != nil {
		profile = best.profile
		if role == Client {
			section = profile.section(d)
		}
	}
	decision := p.resolve(profile, section, now)
	decision.Tried = tried
	if role == Client && section == nil {
		decision.dropCertificates()
	}
	if role == Server {
		decision.Settings.trustClients()
		if decision.Enforced != nil {
			decision.Enforced.trustClients()
		}
	}
	return decision
}

// SystemTrust is the word for the system's trust store.
const SystemTrust = "system"

// trustClients has peers judged by the trust store for clients, if there is one.
func (s *Settings) trustClients() {
	if s.ClientTrustStore == "" {
		return
	}
	s.TrustStore, s.Sources = s.ClientTrustStore, s.Sources.own()
	s.Sources[KeyTrustStore] = s.Sources[KeyClientTrustStore]
	if s.TrustStore == SystemTrust {
		s.TrustStore = ""
	}
}

// dropCertificates leaves none: those outside a section for destinations are for listeners.
func (d *Decision) dropCertificates() {
	d.Settings.Certificates = nil
	if d.Enforced != nil {
		d.Enforced.Certificates = nil
	}
}

// Possible are the decisions for a program whose destination, or role, is not fully known yet: the likeliest first.
// The one without a destination has the certificates for listeners.
func (p *Policy) Possible(s Subject, d Dest, now time.Time) []Decision {
	first := p.Decide(s, Client, d, now)
	if first.Section == nil {
		first = p.Decide(s, AnyRole, d, now)
	}
	all := []Decision{first}
	if first.Profile == nil {
		return all
	}
	if first.Section != nil {
		all = append(all, p.resolve(first.Profile, nil, now))
	}
	for i := range first.Profile.Sections {
		if section := &first.Profile.Sections[i]; section != first.Section && section.possible(d) {
			all = append(all, p.resolve(first.Profile, section, now))
		}
	}
	return all
}

// section is the most specific one for a destination, nil when there is none.
func (p *Profile) section(d Dest) (best *Section) {
	var rank sectionRank
	for i := range p.Sections {
		r, ok := p.Sections[i].match(d)
		if ok && (best == nil || r.above(rank)) {
			best, rank = &p.Sections[i], r
		}
	}
	return best
}

// resolve puts the layers on top of each other.
func (p *Policy) resolve(profile *Profile, section *Section, now time.Time) Decision {
	d := Decision{Settings: p.base, Profile: profile, Section: section}
	d.Exceptions = p.global.over(&d.Settings, now, nil)
	if profile == nil {
		d.Settings.settle()
		return d
	}
	own := d.Settings
	d.Exceptions = profile.Layer.over(&own, now, d.Exceptions)
	if section != nil {
		// A chain for being a client is not one for being a server.
		own.Certificates = nil
		d.Exceptions = section.Layer.over(&own, now, d.Exceptions)
	}
	own.settle()
	if profile.Mode == Enforce {
		d.Settings = own
		return d
	}
	d.Settings.settle()
	d.Settings, d.Enforced = loosest(d.Settings, own), &own
	return d
}

// Profiles are the profiles by order of the files.
func (p *Policy) Profiles() []*Profile { return p.profiles }

// Wraps says whether a profile makes plain connections or listeners of its programs TLS.
func (p *Policy) Wraps() bool {
	return slices.ContainsFunc(p.profiles, func(f *Profile) bool {
		return f.Layer.Set.Has(KeyWrap) || f.Layer.Set.Has(KeyWrapListen)
	})
}

// Global is what is in force where no profile matches.
func (p *Policy) Global(now time.Time) Settings { return p.resolve(nil, nil, now).Settings }
