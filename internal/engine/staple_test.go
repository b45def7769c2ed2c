package engine_test

import (
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// reader is a verifier that keeps what was stapled.
type reader struct{ ocsp []byte }

func (r *reader) Verify(p engine.Peer) error {
	r.ocsp = p.OCSP
	return nil
}

func TestStaple(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	for name, tt := range map[string]struct {
		end    time.Duration
		staple string
		want   string
	}{
		"ok":                 {time.Hour, "a response", "a response"},
		"ok without":         {time.Hour, "", ""},
		"ok until its end":   {time.Nanosecond, "a response", "a response"},
		"bad beyond its end": {0, "a response", ""},
	} {
		for version, v := range versions() {
			t.Run(version+" "+name, func(t *testing.T) {
				c := newClock()
				e, s, r := engine.New(engine.Config{Now: c.Now}), fit(t, v, leaf), &reader{}
				s.client.Verifier = r
				s.server.Credentials[0].Staple, s.server.Credentials[0].StapleEnd = []byte(tt.staple), c.Now().Add(tt.end)
				s.shake(t, e, e).ok(t)
				if string(r.ocsp) != tt.want {
					t.Errorf("got %q, want %q", r.ocsp, tt.want)
				}
			})
		}
	}
	forever, r := fit(t, abi.VersionTLS13, leaf), &reader{}
	forever.client.Verifier, forever.server.Credentials[0].Staple = r, []byte("a response")
	e := engine.New(engine.Config{})
	if forever.shake(t, e, e).ok(t); string(r.ocsp) != "a response" {
		t.Errorf("a response without an end: got %q", r.ocsp)
	}
}
