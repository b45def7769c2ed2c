package socket

import (
	"fmt"
	"slices"
	"testing"

	"github.com/securesocketapi/ssa/abi"
)

// wanting makes a socket of a table that a program has asked something of.
func wanting(table *Table, id int, alpn string) *Socket {
	ttl := 60
	return &Socket{table: table, asked: &asked{
		request: abi.Request{
			ID: uint64(id), RemoteHostname: fmt.Sprintf("host%d.test", id), TrustAnchors: make([]byte, 1000),
			Credentials: []abi.Credential{{Key: []byte("secret")}}, ALPN: []string{alpn}, SessionTTL: &ttl,
		},
		effective: &Effective{Ciphers: []string{"TLS_AES_128_GCM_SHA256"}, SessionTTL: ttl},
	}}
}

func TestConnectedSocketsShareWhatTheyAskedFor(t *testing.T) {
	table, all := &Table{}, []*Socket{}
	for id := range 10 {
		s := wanting(table, id, "h2")
		s.forget()
		all = append(all, s)
	}
	for id, s := range all {
		if s.asked != all[0].asked {
			t.Errorf("socket %d has an equal request of its own", id)
		}
		r := s.asked.request
		if r.TrustAnchors != nil || r.Credentials != nil || s.host != fmt.Sprintf("host%d.test", id) {
			t.Errorf("socket %d: host %q, anchors %d, credentials %d", id, s.host, len(r.TrustAnchors), len(r.Credentials))
		}
		if !slices.Equal(r.ALPN, []string{"h2"}) || *r.SessionTTL != 60 || s.asked.effective.SessionTTL != 60 {
			t.Errorf("socket %d: %+v", id, r)
		}
	}
	for _, row := range []struct {
		name   string
		change func(*asked)
	}{
		{"bad another request", func(a *asked) { a.request.ALPN = []string{"x"} }},
		{"bad another value behind a pointer", func(a *asked) { other := 61; a.request.SessionTTL = &other }},
		{"bad another effect", func(a *asked) { a.effective.VersionMin = abi.VersionTLS13 }},
		{"bad no effect", func(a *asked) { a.effective = nil }},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := wanting(table, 0, "h2")
			row.change(s.asked)
			s.forget()
			if s.asked == all[0].asked {
				t.Error("different requests are shared")
			}
		})
	}
}
