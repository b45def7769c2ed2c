package service

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
)

// draft begins the record of what a program asked for, with who it is and what it asked.
func (q question) draft(e api.Event) api.Record {
	r := api.Record{Event: e, ID: q.id, Program: programOf(q.app), Host: q.dest.Host, Requested: asked(q.request)}
	switch q.role {
	case policy.Client:
		r.Role = api.Client
	case policy.Server:
		r.Role = api.Server
	case policy.AnyRole:
	}
	if q.dest.Addr.IsValid() {
		r.Remote = netip.AddrPortFrom(q.dest.Addr, q.dest.Port).String()
	}
	return r
}

func programOf(a socket.App) *api.Program {
	return &api.Program{Exe: a.Exe, Script: a.Script, PID: a.PID, UID: a.UID, Unit: a.Unit, Container: a.Container}
}

// decide adds what the policy has to say.
func (q question) decide(r *api.Record, d *policy.Decision) {
	r.Rule = &api.Rule{Text: "the global settings"}
	if p := d.Profile; p != nil {
		r.Profile, r.Mode = p.Name, p.Mode.String()
		r.Rule = &api.Rule{Place: place(p.Source), Text: "profile " + p.Name}
	}
	if d.Section != nil {
		r.Rule = &api.Rule{Place: place(d.Section.Source), Text: r.Rule.Text + ", destination " + d.Section.String()}
	}
	for _, t := range d.Tried {
		r.Tried = append(r.Tried, api.Trial{
			Place: place(t.Profile.Match.Source), Profile: t.Profile.Name, Matched: t.Matched(), Chosen: t.Chosen(),
			Why: t.Explain(subject(q.app)),
		})
	}
	for _, e := range d.Exceptions {
		r.Exceptions = append(r.Exceptions, api.Exception{Place: place(e.Source), Reason: e.Reason, Expires: e.Expires()})
	}
}

func place(s policy.Source) api.Place { return api.Place{File: s.File, Line: s.Line, Preset: s.Preset} }

// inForce are the versions, and what the files of the policy or the program have made different from the built-in policy.
// Where it has asked for nothing, what comes from no file is the built-in policy's.
func inForce(q *question, in *policy.Settings) (list []api.Setting) {
	role, builtIn, changed := q.role, policy.Default(), len(asked(q.request)) > 0
	for _, k := range policy.Keys() {
		if role == policy.Client && (k == policy.KeyClientCertificates || k == policy.KeyClientTrustStore || k == policy.KeyHandshakesInFlight) {
			continue
		}
		from := in.Sources.At(k)
		if k == policy.KeyVersions || !from.Built() || changed && in.Show(k) != builtIn.Show(k) {
			list = append(list, api.Setting{Place: place(from), Key: k.String(), Value: in.Show(k)})
		}
	}
	return list
}

// refused records what was not allowed, or did not work. heard may be nil.
func (s *Service) refused(e api.Event, q question, err error, heard *hearing) {
	if s.note == nil {
		return
	}
	if q.id == 0 {
		q.id = newID()
	}
	r := q.draft(e)
	r.Decision, r.Failure, r.Verdicts = api.Refused, failureOf(err), heard.verdicts()
	d := q.decisions(s)[0]
	q.decide(&r, &d)
	r.InForce = inForce(&q, &d.Settings)
	blame(&r, err)
	s.note(r)
}

// blame names the rule that refused, where a rule did.
func blame(r *api.Record, err error) {
	var refusal *policy.Refusal
	var f *abi.Failure
	switch {
	case errors.As(err, &refusal):
		r.Rule = &api.Rule{Place: place(refusal.Source), Key: refusal.Key.String(), Text: refusal.Key.String()}
	case !errors.As(err, &f):
		r.Rule = nil
	case f.Kind == abi.Rejected, f.Kind == abi.Expired, f.Kind == abi.Revoked:
		r.Rule = &api.Rule{Text: "the peer must prove who it is"}
	case f.Kind != abi.Weaker && f.Kind != abi.Forbidden:
		r.Rule = nil // not the policy's doing
	}
}

func failureOf(err error) *api.Failure {
	if err == nil {
		return nil
	}
	class := "aborted"
	if f := (*abi.Failure)(nil); errors.As(err, &f) {
		class = f.Kind.String()
	}
	return &api.Failure{Class: class, Text: err.Error()}
}

// allowed records a connection whose handshake is over.
func (s *Service) allowed(h *hearing, c *conn, took time.Duration) {
	if s.note == nil {
		return
	}
	a, q := h.asked, h.asked.question
	r := q.draft(api.Connection)
	r.Decision, r.Took, r.TLS, r.Verdicts = api.Allowed, took.Seconds(), c.tls(), h.verdicts()
	r.Host, r.Local, r.Remote = c.info.ServerName, c.info.Local.String(), c.info.Remote.String()
	q.decide(&r, &a.decision)
	r.InForce = inForce(&q, &a.settings)
	s.note(r)
}

// listening records a listener that begins to accept.
func (s *Service) listening(a *admitted, local netip.AddrPort) {
	if s.note == nil {
		return
	}
	a.question.id = newID()
	r := a.question.draft(api.Listener)
	r.Decision, r.Local = api.Allowed, local.String()
	a.question.decide(&r, &a.decision)
	r.InForce = inForce(&a.question, &a.settings)
	s.note(r)
}

// renewed records that a listener serves replaced certificates or keys, or why it does not.
func (s *Service) renewed(l *listener, err error) {
	if s.note == nil {
		return
	}
	r := l.current.Load().asked.question.draft(api.Certificate)
	r.Decision, r.Local, r.Failure = api.Allowed, l.spec.Local.String(), failureOf(err)
	if err != nil {
		r.Decision = api.Refused
	}
	s.note(r)
}

// unrenewed records files that were replaced and cannot be used. What was there before stays in use.
func (s *Service) unrenewed(files []string, err error) {
	if s.note == nil {
		return
	}
	s.note(api.Record{
		Event: api.Certificate, Decision: api.Refused, Text: strings.Join(files, " "), Failure: failureOf(err),
	})
}

// closed records the end of a connection.
func (c *conn) closed(err error) {
	if c.service.note == nil {
		return
	}
	v := c.view()
	c.service.note(api.Record{
		Event: api.Connection, Decision: api.Closed, ID: v.ID, Program: &v.Program, Role: v.Role, Host: v.Host, Local: v.Local,
		Remote: v.Remote, Profile: v.Profile, TLS: &v.TLS, Traffic: &v.Traffic, Failure: failureOf(err),
	})
}

// verdicts are the answers of the judges that were asked, none when the peer has shown no certificate.
func (h *hearing) verdicts() (list []api.Verdict) {
	if h == nil {
		return nil
	}
	for _, f := range h.outcome.Findings {
		list = append(list, api.Verdict{
			Judge: f.Judge, Answer: f.Verdict.Answer.String(), Reason: f.Verdict.Reason, Took: f.Took.Seconds(),
		})
	}
	return list
}
