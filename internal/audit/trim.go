package audit

import (
	"strings"

	"github.com/securesocketapi/ssa/api"
)

// failureMax bounds the text of a failure, in bytes: it quotes what programs and peers say.
const failureMax = 2048

// trim cuts what a program or a peer has chosen. What a record shares with others is not changed.
func trim(r *api.Record) {
	r.Host, r.Text = cut(r.Host, api.TextMax), cut(r.Text, failureMax)
	if r.Program != nil {
		p := *r.Program
		p.Exe, p.Script = cut(p.Exe, 4*api.TextMax), cut(p.Script, api.TextMax)
		p.Unit, p.Container = cut(p.Unit, api.TextMax), cut(p.Container, api.TextMax)
		r.Program = &p
	}
	if r.TLS != nil {
		t := *r.TLS
		t.Peer, t.ALPN = cut(t.Peer, api.TextMax), cut(t.ALPN, api.TextMax)
		r.TLS = &t
	}
	if r.Failure != nil {
		r.Failure = &api.Failure{Class: r.Failure.Class, Text: cut(r.Failure.Text, failureMax)}
	}
	if len(r.Requested) > 0 {
		asked := make([]api.Asked, 0, len(r.Requested))
		for _, a := range r.Requested {
			asked = append(asked, api.Asked{Option: a.Option, Value: cut(a.Value, api.TextMax)})
		}
		r.Requested = asked
	}
}

// cut shortens a text to at most limit bytes of valid UTF-8, with a mark where something is missing.
func cut(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}
