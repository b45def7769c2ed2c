package engine

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// begin starts a stream.
func (s *stream) begin(t *testing.T) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// await waits until a started stream has something to read.
func (s *stream) await() {
	for s.in.empty() {
		s.arrive()
	}
}

// wire makes a stream and the raw other end of its connection.
func wire(t *testing.T) (*stream, *net.TCPConn) {
	t.Helper()
	l := testutil.Listen(t)
	far, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	f, err := near.File()
	if err != nil {
		t.Fatal(err)
	}
	_ = near.Close()
	s := newStream(f)
	t.Cleanup(func() { _, _ = s.Close(), far.Close() })
	tcp, _ := far.(*net.TCPConn)
	return s, tcp
}

// record makes a record of TLS with content that no one can read.
func record(size int) []byte {
	return append([]byte{23, 3, 3, byte(size >> 8), byte(size)}, bytes.Repeat([]byte{byte(size)}, size)...)
}

func TestStreamReadsRecords(t *testing.T) {
	s, far := wire(t)
	s.begin(t)
	want := [][]byte{record(1), record(0), record(16640), record(300)}
	if _, err := far.Write(bytes.Join(want, nil)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	for _, w := range want {
		got := 0
		for got < len(w) { // what arrived in two parts is read in two parts
			s.await()
			n, err := s.Read(buf[got:])
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
		if !bytes.Equal(buf[:got], w) {
			t.Errorf("read %d bytes, want a record of %d", got, len(w))
		}
	}
	if _, err := s.Read(buf); !errors.Is(err, errNotYet) {
		t.Errorf("Read without data: %v, want %v", err, errNotYet)
	}
	if s.in.buf != nil {
		t.Error("an idle stream holds a buffer")
	}
}

func TestStreamEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(s *stream, far *net.TCPConn)
		want error
	}{
		{"bad FIN", func(_ *stream, far *net.TCPConn) { _ = far.CloseWrite() }, errTruncated},
		{"bad RST", func(_ *stream, far *net.TCPConn) { _, _ = far.SetLinger(0), far.Close() }, linux.ECONNRESET},
	} {
		for _, started := range []bool{false, true} {
			t.Run(row.name, func(t *testing.T) {
				s, far := wire(t)
				wait := s.wait
				if started {
					s.begin(t)
					wait = func() error { s.await(); return nil }
				}
				row.do(s, far)
				_ = wait()
				for range 2 {
					if _, err := s.Read(make([]byte, 10)); !errors.Is(err, row.want) {
						t.Errorf("Read: %v, want %v", err, row.want)
					}
				}
			})
		}
	}
}

// TestDeadlines holds them to the handshake: crypto/tls sets one for close_notify.
func TestDeadlines(t *testing.T) {
	s, far := wire(t)
	past := time.Unix(1, 0)
	_ = s.SetDeadline(past)
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read after its deadline: %v", err)
	}
	_ = s.SetDeadline(time.Time{})
	s.begin(t)
	_ = s.SetDeadline(past)
	_ = s.SetWriteDeadline(past)
	if _, err := s.Write([]byte("late")); err != nil {
		t.Errorf("Write: %v", err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(far, got); err != nil || string(got) != "late" {
		t.Errorf("the peer reads %q and %v", got, err)
	}
}

// TestOutboxOrder has what is said besides, what is gathered and the room of a writer meet a network that takes no more.
func TestOutboxOrder(t *testing.T) {
	s, far := wire(t)
	s.begin(t)
	want := &bytes.Buffer{}
	put := func(b []byte) {
		want.Write(b)
		if n, err := s.Write(b); n != len(b) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	put([]byte("at once;"))
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(far, got); err != nil {
		t.Fatal(err)
	}
	want.Reset()
	for len(s.out.chunks) == 0 {
		put(bytes.Repeat([]byte{'x'}, 60<<10))
	}
	put([]byte("behind;"))
	room := []byte("a room;")
	want.Write(room)
	s.out.chunks = append(s.out.chunks, chunk{rest: room})
	s.out.holding = true
	put([]byte("held;"))
	flushed := make(chan error)
	go func() {
		sent, err := false, error(nil)
		for !sent && err == nil {
			sent, err = s.flush()
		}
		flushed <- err
	}()
	got = make([]byte, want.Len())
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("the peer reads something else than was written, and %v", err)
	}
	if err := <-flushed; err != nil || s.out.copied != 0 {
		t.Errorf("flush: %v, and %d bytes are still counted", err, s.out.copied)
	}
}

// TestOutboxBound has a peer that makes the reader answer and never reads.
func TestOutboxBound(t *testing.T) {
	s, _ := wire(t)
	s.begin(t)
	answer := make([]byte, 27)
	for range 16 << 20 {
		if _, err := s.Write(answer); err != nil {
			if !errors.Is(err, errBacklog) {
				t.Errorf("Write: %v, want %v", err, errBacklog)
			}
			return
		}
	}
	t.Error("there is no bound")
}

// FuzzFrame: however a byte stream arrives and is asked for, it comes out unchanged, and no read goes past the
// end of a record.
func FuzzFrame(f *testing.F) {
	f.Add(bytes.Join([][]byte{record(3), record(0), record(40)}, nil), []byte{1, 7, 200})
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), []byte{5})
	f.Fuzz(func(t *testing.T, b, sizes []byte) {
		var fr frame
		var out []byte
		ends := boundaries(b)
		for i := 0; len(b) > 0; i++ {
			limit := 1
			if len(sizes) > 0 {
				limit += int(sizes[i%len(sizes)])
			}
			n := fr.advance(b[:min(len(b), 2*limit)], limit)
			if n < 1 || n > limit {
				t.Fatalf("advance gives %d of %d", n, limit)
			}
			for p := len(out) + 1; p < len(out)+n; p++ {
				if ends[p] {
					t.Fatalf("a read of %d at %d goes past the end of a record at %d", n, len(out), p)
				}
			}
			out, b = append(out, b[:n]...), b[n:]
		}
	})
}

// boundaries finds where records end, the plain way.
func boundaries(b []byte) map[int]bool {
	ends := map[int]bool{}
	for at := 0; at+frameHeader <= len(b); {
		at += frameHeader + int(b[at+3])<<8 + int(b[at+4])
		ends[at] = true
	}
	return ends
}
