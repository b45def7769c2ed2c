package relay_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/relay"
)

// TestMany has many connections at once, each with data of random sizes in both directions at the same time and
// one of the ways a program ends.
func TestMany(t *testing.T) {
	ends := []struct {
		name string
		// end is called when everything is written. read is closed when everything is read.
		end func(program *net.UnixConn, read <-chan struct{})
		// deaf says that the program does not read.
		deaf bool
	}{
		{"half-close after the peer", func(program *net.UnixConn, read <-chan struct{}) {
			<-read
			_ = program.CloseWrite()
		}, false},
		{"half-close", func(program *net.UnixConn, _ <-chan struct{}) { _ = program.CloseWrite() }, false},
		{"close", func(program *net.UnixConn, _ <-chan struct{}) { _ = program.Close() }, true},
	}
	var wg sync.WaitGroup
	for i := range 36 {
		version := []uint16{tls.VersionTLS12, tls.VersionTLS13}[i%2]
		w, e := start(t, version), ends[i%len(ends)]
		random := rand.New(rand.NewPCG(uint64(i), 0))
		up, down := noise(random.IntN(2<<20)), noise(random.IntN(relay.LingerBytes-64<<10))
		read := make(chan struct{})
		wg.Go(func() {
			var both sync.WaitGroup
			both.Go(func() {
				cut(w.peer, down, uint64(i))
				_ = w.peer.CloseWrite()
			})
			both.Go(func() {
				cut(w.program, up, uint64(i))
				e.end(w.program, read)
			})
			if !e.deaf {
				both.Go(func() {
					defer close(read)
					wants(t, e.name+": the program", w.program, down)
				})
			}
			wants(t, e.name+": the peer", w.peer, up)
			both.Wait()
			_ = w.wire.Close()
			if err := w.wait(t); err != nil {
				t.Errorf("%s: Run: %v", e.name, err)
			}
		})
	}
	wg.Wait()
}

// cut writes data in pieces of random sizes.
func cut(to io.Writer, data []byte, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	for len(data) > 0 {
		n := min(len(data), 1+random.IntN(100_000))
		_, _ = to.Write(data[:n])
		data = data[n:]
	}
}

// wants reads to the end and compares.
func wants(t *testing.T, who string, from io.Reader, want []byte) {
	got, err := io.ReadAll(from)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s reads %d bytes and %v, want %d", who, len(got), err, len(want))
	}
}
