package relay_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// noise is data that no compression or luck makes look right.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// echo writes data to one end while the other sends back what it reads, and compares.
func echo(t *testing.T, program net.Conn, data []byte) {
	t.Helper()
	failed := make(chan error, 1)
	go func() {
		_, err := program.Write(data)
		failed <- err
	}()
	got := make([]byte, len(data))
	_ = program.SetReadDeadline(time.Now().Add(testutil.Patience))
	if n, err := io.ReadFull(program, got); err != nil {
		t.Fatalf("the program reads %d bytes and %v, want %d", n, err, len(data))
	}
	if err := <-failed; err != nil {
		t.Fatalf("the program writes: %v", err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("%d bytes came back changed", len(data))
	}
}

func versions() map[string]uint16 {
	return map[string]uint16{"ok TLS 1.2": tls.VersionTLS12, "ok TLS 1.3": tls.VersionTLS13}
}

func TestEcho(t *testing.T) {
	for name, version := range versions() {
		t.Run(name, func(t *testing.T) {
			w := start(t, version)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = io.Copy(w.peer, w.peer)
				_ = w.peer.CloseWrite()
			}()
			for _, size := range []int{1, 100, 16 << 10, 16<<10 + 1, 100_000, 10 << 20, 3} {
				echo(t, w.program, noise(size))
			}
			_ = w.program.CloseWrite()
			if n, err := w.program.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("at the end the program reads %d bytes and %v", n, err)
			}
			<-done
			if err := w.wait(t); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// TestBadEnds has the peer or the network do what must not look like an end of stream.
func TestBadEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		// read is what the program still gets, do what happens after that was sent.
		read string
		do   func(w *wired)
		text string
	}{
		{"bad FIN without close_notify", "half of it", func(w *wired) {
			_ = w.wire.CloseWrite()
		}, "closed the connection without close_notify: data may be missing"},
		{"bad FIN in the middle of a record", "half of it", func(w *wired) {
			_, _ = w.wire.TCPConn.Write([]byte{23, 3, 3, 1, 0, 9, 9, 9})
			_ = w.wire.CloseWrite()
		}, "closed the connection without close_notify: data may be missing"},
		{"bad RST", "half of it", func(w *wired) {
			_ = w.wire.SetLinger(0)
			_ = w.wire.Close()
		}, "the peer reset the connection"},
		{"bad damaged record", "half of it", func(w *wired) {
			w.wire.flip.Store(1)
			_, _ = w.peer.Write([]byte("the other half, damaged on its way"))
		}, "bad record MAC"},
		{"bad damaged close_notify", "half of it", func(w *wired) {
			w.wire.flip.Store(1)
			_ = w.peer.CloseWrite()
			_ = w.wire.CloseWrite()
		}, "bad record MAC"},
		{"bad record of another protocol", "half of it", func(w *wired) {
			_, _ = w.wire.TCPConn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}, "tls: "},
	} {
		for name, version := range versions() {
			t.Run(row.name+strings.TrimPrefix(name, "ok"), func(t *testing.T) {
				w := start(t, version)
				_, _ = w.peer.Write([]byte(row.read))
				got := make([]byte, len(row.read))
				_ = w.program.SetReadDeadline(time.Now().Add(testutil.Patience))
				if _, err := io.ReadFull(w.program, got); err != nil || string(got) != row.read {
					t.Errorf("the program reads %q and %v, want %q", got, err, row.read)
				}
				row.do(w)
				if n, err := w.program.Read(got); n != 0 || !errors.Is(err, linux.ECONNRESET) {
					t.Errorf("then it reads %d bytes and %v, want %v", n, err, linux.ECONNRESET)
				}
				// The text is there as soon as the program can ask for it.
				checkFailure(t, w.session.Err(), row.text)
				checkFailure(t, w.wait(t), row.text)
			})
		}
	}
}

func checkFailure(t *testing.T, err error, text string) {
	t.Helper()
	var f *abi.Failure
	if !errors.As(err, &f) || f.Kind != abi.Reset || !strings.Contains(f.Error(), text) {
		t.Errorf("failure %v, want kind Reset with %q", err, text)
	}
}

// TestDataBeforeBadEnd has everything under way at once: what was whole is delivered first.
func TestDataBeforeBadEnd(t *testing.T) {
	w := start(t)
	data := noise(300_000)
	_, _ = w.peer.Write(data)
	w.wire.flip.Store(1)
	_, _ = w.peer.Write([]byte("damaged"))
	_ = w.wire.CloseWrite()
	got, err := io.ReadAll(w.program)
	if !bytes.Equal(got, data) || !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("the program reads %d bytes and %v, want %d and %v", len(got), err, len(data), linux.ECONNRESET)
	}
	_ = w.wait(t)
}

func TestProgramCloses(t *testing.T) {
	w := start(t)
	data := noise(3 << 20)
	go func() {
		_, _ = w.program.Write(data)
		_ = w.program.Close()
	}()
	got, err := io.ReadAll(w.peer)
	if !bytes.Equal(got, data) || err != nil {
		t.Errorf("the peer reads %d bytes and %v, want %d", len(got), err, len(data))
	}
	// What the peer sends now must not make its kernel drop anything.
	if _, err := w.peer.Write(make([]byte, 100_000)); err != nil {
		t.Errorf("the peer writes: %v", err)
	}
	if n, err := w.wire.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after close_notify the peer reads %d bytes and %v from TCP, want a FIN", n, err)
	}
	_ = w.peer.Close()
	if err := w.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestLinger sets SO_LINGER on the network socket, as a program can.
func TestLinger(t *testing.T) {
	for _, row := range []struct {
		name    string
		seconds int
		do      func(w *wired)
		want    error
	}{
		{"ok abortive close", 0, func(w *wired) { _ = w.program.Close() }, linux.ECONNRESET},
		{"ok close does not wait", 60, func(w *wired) { _ = w.program.Close() }, io.EOF},
	} {
		t.Run(row.name, func(t *testing.T) {
			client, server := connect(t)
			defer func() { _ = server.Close() }()
			peer := tls.Server(server, config(t))
			go func() { _ = peer.Handshake() }()
			network := file(t, client)
			if err := linux.Control(network, func(fd linux.FD) error {
				return linux.SetLinger(fd, true, row.seconds)
			}); err != nil {
				t.Fatal(err)
			}
			w := &wired{relayed: begin(t, handshake(t, network)), peer: peer}
			echoOnce(t, w)
			row.do(w)
			_, err := peer.Read(make([]byte, 1))
			if !errors.Is(err, row.want) {
				t.Errorf("the peer gets %v, want %v", err, row.want)
			}
			began := time.Now()
			_ = server.Close()
			_ = w.wait(t)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("closing took %v", took)
			}
		})
	}
}

// echoOnce makes sure that both directions are at work.
func echoOnce(t *testing.T, w *wired) {
	t.Helper()
	buf := make([]byte, 4)
	_, _ = w.program.Write([]byte("ping"))
	if _, err := io.ReadFull(w.peer, buf); err != nil {
		t.Fatal(err)
	}
	_, _ = w.peer.Write([]byte("pong"))
	if _, err := io.ReadFull(w.program, buf); err != nil {
		t.Fatal(err)
	}
}

// TestCancelResets has the service give up: neither side may take that for an end.
func TestCancelResets(t *testing.T) {
	w := start(t)
	echoOnce(t, w)
	w.cancel(errStop)
	if _, err := w.peer.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("the peer gets %v, want %v", err, linux.ECONNRESET)
	}
	if _, err := w.program.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("the program gets %v, want %v", err, linux.ECONNRESET)
	}
	if err := w.wait(t); !errors.Is(err, errStop) {
		t.Errorf("Run: %v, want %v", err, errStop)
	}
}
