package engine_test

import (
	"testing"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// BenchmarkHandshake counts both sides, with the TCP connection and its end.
func BenchmarkHandshake(b *testing.B) {
	leaf := credential(b, testutil.NewCA(b, "root").Issue(b, testutil.Leaf{Names: []string{"a.example"}}))
	for name, v := range versions() {
		for kind, reuse := range map[string]bool{"full": false, "resumed": true} {
			b.Run(name+" "+kind, func(b *testing.B) {
				s := fit(b, v, leaf)
				s.client.Settings.SessionReuse = reuse
				benchmark(b, s)
			})
		}
	}
}

func benchmark(b *testing.B, s sides) {
	e := engine.New(engine.Config{})
	srv, err := e.Server(s.server)
	if err != nil {
		b.Fatal(err)
	}
	resumed := 0
	for b.Loop() {
		near, far := pair(b)
		done := make(chan *engine.Session, 1)
		go func() {
			session, _ := srv.Handshake(b.Context(), engine.Accepted{Network: far})
			if session != nil {
				_, _ = connected(session).Write([]byte{0})
			}
			done <- session
		}()
		c, err := e.Client(b.Context(), near, s.client)
		if err != nil {
			b.Fatal(err)
		}
		// The ticket of TLS 1.3 comes with the first data.
		if _, err := connected(c).Read(make([]byte, 1)); err != nil {
			b.Fatal(err)
		}
		if c.State().Resumed {
			resumed++
		}
		_, _ = c.Close(), (<-done).Close()
	}
	if s.client.Settings.SessionReuse && b.N > 1 && resumed < b.N-1 {
		b.Errorf("resumed %d of %d", resumed, b.N)
	}
}
