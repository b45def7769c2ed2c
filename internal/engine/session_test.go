package engine_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// noise is data that no luck makes look right.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// established gives two sessions that talk to each other.
func established(t *testing.T, version uint16) outcome {
	t.Helper()
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	return fit(t, version, leaf).shake(t, engine.New(engine.Config{}), engine.New(engine.Config{})).ok(t)
}

func TestSessionCarries(t *testing.T) {
	for name, version := range versions() {
		t.Run(name, func(t *testing.T) {
			o := established(t, version)
			for _, size := range []int{1, 16 << 10, 16<<10 + 1, 256 << 10, 5_000_000} {
				data := noise(size)
				var wg sync.WaitGroup
				for _, way := range [][2]*conn{{o.client, o.server}, {o.server, o.client}} {
					wg.Go(func() {
						if n, err := way[0].Write(data); n != size || err != nil {
							t.Errorf("Write: %d, %v", n, err)
						}
					})
					wg.Go(func() {
						got := make([]byte, size)
						if n, err := io.ReadFull(way[1], got); err != nil || !bytes.Equal(got, data) {
							t.Errorf("of %d bytes %d are read, with %v, and equal: %v", size, n, err, bytes.Equal(got, data))
						}
					})
				}
				wg.Wait()
			}
		})
	}
}

// TestReceive gives everything that has arrived at once: a run of records in one read and no wake-up for each.
func TestReceive(t *testing.T) {
	o := established(t, abi.VersionTLS13)
	want := noise(100_000)
	for part := range 10 {
		if _, err := o.client.Write(want[part*10_000:][:10_000]); err != nil {
			t.Fatal(err)
		}
	}
	// The network is the loopback device: what was written has arrived. The first time there is nothing, the rest
	// of the record before.
	pieces, _, err := o.server.Receive()
	for len(pieces) == 0 && err == nil {
		o.server.wait(linux.PollIn)
		pieces, _, err = o.server.Receive()
	}
	if got := bytes.Join(pieces, nil); err != nil || !bytes.Equal(got, want) {
		t.Errorf("one call gives %d bytes and %v, want all %d", len(got), err, len(want))
	}
	if pieces, more, err := o.server.Receive(); len(pieces) > 0 || more || err != nil {
		t.Errorf("another gives %d pieces, more %v, and %v, want none", len(pieces), more, err)
	}
}

// TestReadSmall reads in pieces smaller than a record.
func TestReadSmall(t *testing.T) {
	for name, version := range versions() {
		t.Run(name, func(t *testing.T) {
			o := established(t, version)
			want := noise(50_000)
			if _, err := o.client.Write(want); err != nil {
				t.Fatal(err)
			}
			var got []byte
			for len(got) < len(want) {
				piece := make([]byte, 1000)
				n, err := o.server.Read(piece)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, piece[:n]...)
			}
			if !bytes.Equal(got, want) {
				t.Error("the pieces do not make the whole")
			}
		})
	}
}

func TestSessionEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(s *conn)
		want error
		text string
	}{
		{"ok close_notify", func(s *conn) { _ = s.CloseWrite() }, io.EOF, ""},
		{"ok close after close_notify", func(s *conn) { _, _ = s.CloseWrite(), s.Close() }, io.EOF, ""},
		{"bad close", func(s *conn) { _ = s.Close() }, nil, "the peer reset the connection"},
		{"bad reset", func(s *conn) { _ = s.Reset() }, nil, "the peer reset the connection"},
	} {
		for name, version := range versions() {
			t.Run(row.name+" "+name, func(t *testing.T) {
				o := established(t, version)
				if _, err := o.client.Write([]byte("last words")); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 10)
				if _, err := io.ReadFull(o.server, got); err != nil || string(got) != "last words" {
					t.Fatalf("read %q and %v", got, err)
				}
				row.do(o.client)
				_, err := o.server.Read(got)
				if row.want != nil {
					if !errors.Is(err, row.want) || o.server.Err() != nil {
						t.Errorf("Read: %v, Err: %v, want %v", err, o.server.Err(), row.want)
					}
					return
				}
				check(t, err, abi.Reset, row.text)
				check(t, o.server.Err(), abi.Reset, row.text)
				_, err = o.server.Write(got)
				check(t, err, abi.Reset, "")
			})
		}
	}
}

// TestHalfClose goes on in the other direction.
func TestHalfClose(t *testing.T) {
	o := established(t, abi.VersionTLS13)
	if err := o.client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("Read: %v, want %v", err, io.EOF)
	}
	send(t, o.server, o.client)
	_, err := o.client.Write([]byte{1})
	check(t, err, abi.Reset, "shutdown")
}

// TestBlocked has a peer that reads nothing for a while: what the network does not take is kept, and arrives in order.
func TestBlocked(t *testing.T) {
	for name, version := range versions() {
		t.Run(name, func(t *testing.T) {
			o := established(t, version)
			var want bytes.Buffer
			for sent := true; sent; {
				place := o.client.Room()[0][:16<<10]
				copy(place, bytes.Repeat([]byte{byte(want.Len() >> 14)}, len(place)))
				want.Write(place)
				var err error
				if sent, err = o.client.WriteRoom(len(place)); err != nil {
					t.Fatal(err)
				}
			}
			if sent, err := o.client.Flush(); sent || err != nil {
				t.Errorf("Flush while nobody reads: %v, %v", sent, err)
			}
			done := make(chan error)
			go func() { done <- o.client.CloseWrite() }()
			got, err := io.ReadAll(o.server)
			if err != nil || !bytes.Equal(got, want.Bytes()) {
				t.Errorf("read %d bytes and %v, want %d", len(got), err, want.Len())
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestKeyUpdate has OpenSSL change its keys and ask for ours to be changed, between data in both directions.
func TestKeyUpdate(t *testing.T) {
	leaf := testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	for _, suite := range []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"} {
		t.Run(suite, func(t *testing.T) {
			keyUpdates(t, testutil.OpenSSLServer(t, leaf, "-tls1_3", "-msg", "-ciphersuites", suite))
		})
	}
}

func keyUpdates(t *testing.T, s *testutil.Server) {
	t.Helper()
	c, err := net.Dial("tcp4", s.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	tcp, _ := c.(*net.TCPConn)
	s13, err := engine.New(engine.Config{}).Client(within(t), file(t, tcp), engine.ClientConfig{
		App: "client", Settings: settings(t, abi.VersionTLS13), Name: "a.example", Verifier: verdict{},
	})
	if err != nil {
		t.Fatal(err)
	}
	session := connected(s13)
	defer func() { _ = session.Close() }()
	sent := `(?s)`
	for _, word := range []string{"one\n", "two\n", "three\n"} {
		s.Send("K\n")
		sent += `>>>[^\n]*KeyUpdate.*`
		s.WaitOutput(sent)
		s.Send(word)
		got := make([]byte, len(word))
		if _, err := io.ReadFull(session, got); err != nil || string(got) != word {
			t.Fatalf("read %q and %v, want %q", got, err, word)
		}
		if _, err := session.Write([]byte("after " + word)); err != nil {
			t.Fatal(err)
		}
		s.WaitOutput("after " + word)
	}
}

// TestSteadyState allocates nothing for a record.
func TestSteadyState(t *testing.T) {
	testutil.Require(t, testutil.NoRaceDetector())
	o := established(t, abi.VersionTLS13)
	const records = 13
	data, buf := noise(records*16<<10), make([]byte, 256<<10)
	carry := func() {
		if _, err := o.client.Write(data); err != nil {
			t.Fatal(err)
		}
		for left := len(data); left > 0; {
			n, err := o.server.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			left -= n
		}
	}
	// A collection in the middle empties the pools, which costs an allocation here and there.
	if n := testing.AllocsPerRun(200, carry); n >= 8 {
		t.Errorf("%v allocations for %d records, want those of waiting alone", n, records)
	}
}

// TestLingerOption is SO_LINGER as a program may have set it.
func TestLingerOption(t *testing.T) {
	for _, row := range []struct {
		name    string
		on      bool
		seconds int
		want    bool
	}{
		{"ok off", false, 0, false},
		{"ok on without time", true, 0, true},
		{"ok on with time", true, 30, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			near, far := pair(t)
			leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
			e := engine.New(engine.Config{})
			if err := linux.Control(near, func(fd linux.FD) error { return linux.SetLinger(fd, row.on, row.seconds) }); err != nil {
				t.Fatal(err)
			}
			o := fit(t, abi.VersionTLS13, leaf).shakeOn(t, e, e, [2]*os.File{near, far}).ok(t)
			if got := o.client.ResetOnClose(); got != row.want {
				t.Errorf("ResetOnClose: %v, want %v", got, row.want)
			}
		})
	}
}
