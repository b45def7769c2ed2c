package service

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/panel"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// A Remedy is what a destination of a profile has to say so that a connection passes. It was tried on the peer.
type Remedy struct {
	// Destination are lines of the destination's table, Tables those of tables in it, by their names there.
	Destination []string
	Tables      []RemedyTable
	// Store is the trust store that a line names, StoreFile its path; nil when none does.
	Store     *x509.Certificate
	StoreFile string
	// Weaker says that the destination needs allow_weaker, with the reason.
	Weaker string
	// Advice is for the administrator to consider first.
	Advice []string
}

// A RemedyTable is a table of a remedy; Array says that it is one of several of its name.
type RemedyTable struct {
	Name  string
	Array bool
	Lines []string
}

// attempt is a remedy in the making, with the settings it amounts to.
type attempt struct {
	Remedy
	settings policy.Settings
	trust    trust
}

// remedy tries what could let the peer pass, the narrowest first: another trust store, smaller keys, its own key in the
// place of an authority; then judges whose answers do not count any more.
func (h *hearing) remedy() *Remedy {
	base := attempt{settings: h.asked.settings, trust: h.asked.trust}
	first := []func(attempt) (attempt, bool){h.asIs, h.byItsAuthority, h.bySmallKeys, h.byItsKey}
	for _, step := range first {
		try, ok := step(base)
		if !ok {
			continue
		}
		outcome := h.again(&try.settings, try.trust)
		h.soften(&try, outcome.Findings)
		if h.again(&try.settings, try.trust).Err == nil {
			return &try.Remedy
		}
	}
	return nil
}

// asIs leaves standard validation alone, when it is not what refuses.
func (h *hearing) asIs(a attempt) (attempt, bool) { return a, !h.refusedBy(judge.Standard) }

func (h *hearing) refusedBy(name string) bool {
	for _, f := range h.outcome.Findings {
		if f.Judge == name {
			return f.Verdict.Answer != judge.Valid
		}
	}
	return false
}

// byItsAuthority trusts the authority at the end of the chain that the peer sent, for this destination alone.
func (h *hearing) byItsAuthority(a attempt) (attempt, bool) {
	last := h.peer.Chain[len(h.peer.Chain)-1]
	if !last.IsCA || len(h.peer.Chain) == 1 || h.asked.question.request.TrustAnchors != nil {
		return a, false
	}
	a.trust.all = []*verify.Store{verify.NewStore("the authority that the server sent", []*x509.Certificate{last})}
	if standard := h.again(&a.settings, a.trust).Findings; len(standard) == 0 || standard[0].Verdict.Answer != judge.Valid {
		return a, false
	}
	a.Store, a.StoreFile = last, "/etc/ssa/authorities/"+h.question.Host+".pem"
	a.Destination = append(a.Destination, fmt.Sprintf("trust_store = %q", a.StoreFile))
	a.Advice = append(a.Advice, "make sure by other means that the authority below is the right one, and save it as "+a.StoreFile)
	return a, true
}

// bySmallKeys takes RSA keys as small as the smallest in the chain.
func (h *hearing) bySmallKeys(a attempt) (attempt, bool) {
	bits := a.settings.Limits.RSABits
	for _, c := range h.peer.Chain {
		if k, ok := c.PublicKey.(*rsa.PublicKey); ok {
			bits = min(bits, k.N.BitLen())
		}
	}
	if bits == a.settings.Limits.RSABits || bits < 1024 {
		return a, false
	}
	a.settings.Limits.RSABits = bits
	a.Destination = append(a.Destination, fmt.Sprintf("rsa_bits_min = %d", bits))
	if floor := policy.Default(); bits < floor.Limits.RSABits {
		a.Weaker = "its keys are too small"
	}
	standard := h.again(&a.settings, a.trust).Findings
	return a, len(standard) > 0 && standard[0].Verdict.Answer == judge.Valid
}

// byItsKey believes the peer for its key, whatever its certificate says.
func (h *hearing) byItsKey(a attempt) (attempt, bool) {
	leaf := h.peer.Chain[0]
	pattern, err := policy.NewHost(h.question.Host)
	if err != nil {
		return a, false
	}
	pin := pins.KeyOf(leaf)
	v := &a.settings.Validation
	v.Rules[policy.JudgeStandard].Weight = policy.Soft
	v.Rules[policy.JudgePins].Weight, v.Rules[policy.JudgePins].Side = policy.Hard, policy.Necessary
	v.Pins = append(v.Pins[:len(v.Pins):len(v.Pins)], policy.PinList{{Pattern: pattern, Pins: []policy.Pin{pin}}})
	a.Weaker = "its certificate does not verify; its key is pinned instead"
	a.Tables = append(a.Tables,
		RemedyTable{Name: "validation.standard", Lines: []string{`mode = "soft"`}},
		RemedyTable{Name: "validation.pins", Lines: []string{`mode = "hard"`, `group = "necessary"`}},
		RemedyTable{Name: "validation.pins.host", Array: true, Lines: []string{
			fmt.Sprintf("pattern = %q", h.question.Host), fmt.Sprintf("sha256 = %q", pin),
		}})
	a.Advice = append(a.Advice, "make sure by other means that the server's key is "+pin.String())
	return a, true
}

// soften has the other judges that are against the peer count for nothing.
func (h *hearing) soften(a *attempt, findings []panel.Finding) {
	for _, f := range findings {
		if f.Judge == judge.Standard || f.Rule.Weight != policy.Hard || f.Verdict.Answer == judge.Valid {
			continue
		}
		if f.Verdict.Answer == judge.Abstain && f.Rule.AbstainIs != judge.Invalid && f.Rule.Side == policy.Necessary {
			continue
		}
		if f.Judge == judge.Pins {
			a.Advice = append(a.Advice, "if the key has changed for a good reason, change the pin instead: "+f.Verdict.Reason)
		}
		a.Weaker = strings.TrimPrefix(a.Weaker+"; ", "; ") + f.Judge + " says " + f.Verdict.Answer.String()
		a.off(f.Judge)
	}
}

// off has one judge count for nothing.
func (a *attempt) off(name string) {
	v := &a.settings.Validation
	for _, j := range policy.Judges() {
		if j.String() == name {
			v.Rules[j].Weight = policy.Soft
			a.Tables = append(a.Tables, RemedyTable{Name: "validation." + name, Lines: []string{`mode = "soft"`}})
			return
		}
	}
	own := append([]policy.Plugin(nil), v.Plugins...)
	for i := range own {
		if own[i].Name == name {
			own[i].Rule.Weight = policy.Soft
		}
	}
	v.Plugins = own
	a.Tables = append(a.Tables, RemedyTable{Name: "validation.plugin", Array: true, Lines: []string{fmt.Sprintf("name = %q", name), `mode = "soft"`}})
}

// TOML is the remedy as a drop-in. A profile that is in force gets another destination, a program without one a profile.
func (r *Remedy) TOML(e Examination, app string, dest policy.Dest, end string) string {
	var b strings.Builder
	name := "exception"
	if p := e.Decision.Profile; p != nil {
		name = p.Name
	} else {
		if app == "" {
			app = "/**"
		}
		fmt.Fprintf(&b, "[profile.%s]\nmatch = { exe = %q }\n\n", name, app)
	}
	host := dest.Host
	if host == "" {
		host = dest.Addr.String()
	}
	at := "profile." + name + ".destination"
	fmt.Fprintf(&b, "[[%s]]\nhost = %q\nport = %d\n", at, host, dest.Port)
	for _, line := range r.Destination {
		fmt.Fprintln(&b, line)
	}
	if r.Weaker != "" {
		fmt.Fprintf(&b, "allow_weaker = { reason = %q, expires = %s }\n", r.Weaker, end)
	}
	for _, t := range r.Tables {
		open, shut := "[", "]"
		if t.Array {
			open, shut = "[[", "]]"
		}
		fmt.Fprintf(&b, "%s%s.%s%s\n%s\n", open, at, t.Name, shut, strings.Join(t.Lines, "\n"))
	}
	return b.String()
}

// RemedyEnd is the last day of an exception that is made now.
func (s *Service) RemedyEnd() string { return remedyEnd(s.now()) }
