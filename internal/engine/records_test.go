package engine

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
)

// trafficPair makes both ends of one direction.
func trafficPair(t testing.TB, id uint16) (a, b *traffic) {
	t.Helper()
	s, err := findSuite(id)
	if err != nil {
		t.Fatal(err)
	}
	secret := bytes.Repeat([]byte{7}, s.hash().Size())
	if a, err = newTraffic(s, secret); err == nil {
		b, err = newTraffic(s, secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// sealed protects content as a record with padding behind it.
func sealed(t *traffic, kind byte, content []byte, padding int) []byte {
	inner := append(append(bytes.Clone(content), kind), make([]byte, padding)...)
	b := make([]byte, frameHeader+len(inner)+recordExtra)
	copy(b[frameHeader:], inner)
	if padding == 0 {
		return t.seal(b, len(content), kind)
	}
	return t.seal(b, len(inner)-1, 0) // the type is in the padded content, and a zero is the last of the padding
}

// receiver has records arrive without a network but for what is answered.
func receiver(t *testing.T, client bool) (r *records, peer *traffic, far *net.TCPConn) {
	t.Helper()
	s, far := wire(t)
	s.mute = true
	s.begin(t)
	peer, in := trafficPair(t, tls.TLS_AES_128_GCM_SHA256)
	out, _ := trafficPair(t, tls.TLS_AES_256_GCM_SHA384)
	return &records{net: s, in: in, out: out, client: client}, peer, far
}

// arrive puts bytes into the inbox.
func (r *records) arrive(b []byte) { r.net.in.fill(copy(r.net.in.room(), b)) }

func TestRecordsAccept(t *testing.T) {
	ticket := append([]byte{postTicket, 0, 0, 20}, make([]byte, 20)...)
	update := []byte{postKeyUpdate, 0, 0, 1, 0}
	for _, row := range []struct {
		name    string
		client  bool
		kind    byte
		content []byte
		padding int
		want    string
		err     error
	}{
		{"ok data", true, typeApplication, []byte("data"), 0, "data", nil},
		{"ok data with padding", true, typeApplication, []byte("data\x00"), 100, "data\x00", nil},
		{"ok no data", true, typeApplication, nil, 0, "", nil},
		{"ok the largest", true, typeApplication, bytes.Repeat([]byte("x"), recordPlain), 200, string(bytes.Repeat([]byte("x"), recordPlain)), nil},
		{"ok close_notify", true, typeAlert, []byte{1, 0}, 0, "", io.EOF},
		{"ok user_canceled", true, typeAlert, []byte{1, 90}, 0, "", nil},
		{"ok a ticket for a client", true, typeHandshake, ticket, 0, "", nil},
		{"ok two tickets", true, typeHandshake, append(ticket, ticket...), 0, "", nil},
		{"ok KeyUpdate", false, typeHandshake, update, 0, "", nil},
		{"bad too large", true, typeApplication, make([]byte, recordPlain+1), 0, "", alertOverflow},
		{"bad alert", true, typeAlert, []byte{2, 42}, 0, "", tls.AlertError(42)},
		{"bad alert of one byte", true, typeAlert, []byte{2}, 0, "", alertDecode},
		{"bad content type", true, 99, []byte("data"), 0, "", alertUnexpected},
		{"bad padding alone", true, 0, nil, 10, "", alertUnexpected},
		{"bad ticket for a server", false, typeHandshake, ticket, 0, "", alertUnexpected},
		{"bad message of the handshake", true, typeHandshake, []byte{20, 0, 0, 0}, 0, "", alertUnexpected},
		{"bad empty message", true, typeHandshake, nil, 0, "", alertUnexpected},
		{"bad message without end", true, typeHandshake, []byte{postTicket, 255, 0, 0}, 0, "", alertDecode},
		{"bad KeyUpdate of two bytes", true, typeHandshake, []byte{postKeyUpdate, 0, 0, 2, 0, 0}, 0, "", alertDecode},
		{"bad KeyUpdate of another kind", true, typeHandshake, []byte{postKeyUpdate, 0, 0, 1, 2}, 0, "", alertParameter},
		{"bad KeyUpdate before more", true, typeHandshake, append(bytes.Clone(update), ticket...), 0, "", alertUnexpected},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, peer, _ := receiver(t, row.client)
			record := sealed(peer, row.kind, row.content, row.padding)
			r.arrive(record[:len(record)-1])
			if pieces, err := r.take(); len(pieces) > 0 || err != nil {
				t.Fatalf("before its last byte the record gives %q, %v", pieces, err)
			}
			r.arrive(record[len(record)-1:])
			pieces, err := r.take()
			if got := string(bytes.Join(pieces, nil)); got != row.want || !errors.Is(err, row.err) {
				t.Errorf("take (-want +got):\n-%.40q %v\n+%.40q %v", row.want, row.err, got, err)
			}
		})
	}
}

func TestRecordsRefuse(t *testing.T) {
	for _, row := range []struct {
		name   string
		record func(peer *traffic) []byte
		err    tls.AlertError
	}{
		{"bad tag", func(p *traffic) []byte {
			b := sealed(p, typeApplication, []byte("data"), 0)
			b[len(b)-1] ^= 1
			return b
		}, alertBadMAC},
		{"bad order", func(p *traffic) []byte { p.seq++; return sealed(p, typeApplication, []byte("data"), 0) }, alertBadMAC},
		{"bad in the clear", func(*traffic) []byte { return []byte{typeAlert, 3, 3, 0, 2, 1, 0} }, alertUnexpected},
		{"bad change_cipher_spec", func(*traffic) []byte { return []byte{20, 3, 3, 0, 1, 1} }, alertUnexpected},
		{"bad length", func(*traffic) []byte { return []byte{typeApplication, 3, 3, 0x41, 1} }, alertOverflow},
		{"bad half a message before data", func(p *traffic) []byte {
			return append(sealed(p, typeHandshake, []byte{postTicket, 0, 0, 9, 1}, 0), sealed(p, typeApplication, []byte("data"), 0)...)
		}, alertUnexpected},
		{"bad nothing again and again", func(p *traffic) (all []byte) {
			for range emptyMax + 1 {
				all = append(all, sealed(p, typeApplication, nil, 0)...)
			}
			return all
		}, alertUnexpected},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, peer, far := receiver(t, true)
			_, us := trafficPair(t, tls.TLS_AES_256_GCM_SHA384)
			r.arrive(row.record(peer))
			var local *net.OpError
			if _, err := r.take(); !errors.As(err, &local) || local.Op != "local error" || !errors.Is(err, row.err) {
				t.Errorf("take: %v, want our %v", err, row.err)
			}
			got := make([]byte, frameHeader+2+recordExtra)
			if _, err := io.ReadFull(far, got); err != nil {
				t.Fatal(err)
			}
			if plain, kind, err := us.open(got); err != nil || kind != typeAlert || !bytes.Equal(plain, []byte{alertFatal, byte(row.err)}) {
				t.Errorf("the peer is told %v of type %d, %v, want alert %d", plain, kind, err, row.err)
			}
			r.room()
			if err := r.write(1); !errors.Is(err, errEnded) {
				t.Errorf("write after the alert: %v, want %v", err, errEnded)
			}
		})
	}
}

// TestRecordsRekey has a key protect no more records than it bears, and the peer follow.
func TestRecordsRekey(t *testing.T) {
	r, _, far := receiver(t, true)
	_, us := trafficPair(t, tls.TLS_AES_256_GCM_SHA384)
	r.out.seq, us.seq = sealsMax+1, sealsMax+1
	for _, want := range []string{"one", "two"} {
		copy(r.room()[0], want)
		if err := r.write(len(want)); err != nil {
			t.Fatal(err)
		}
		if sent, err := r.net.flush(); !sent || err != nil {
			t.Fatalf("flush: %v, %v", sent, err)
		}
	}
	peer := &records{net: &stream{}, in: us, out: us}
	got := make([]byte, 3*frameHeader+len("oneone")+5+3*recordExtra)
	if _, err := io.ReadFull(far, got); err != nil {
		t.Fatal(err)
	}
	peer.arrive(got)
	pieces, err := peer.take()
	if s := string(bytes.Join(pieces, nil)); s != "onetwo" || err != nil {
		t.Errorf("the peer reads %q, %v", s, err)
	}
	if us.seq != 2 {
		t.Errorf("%d records with the new key, want 2", us.seq)
	}
}

// TestTrafficResume counts the records that were protected before.
func TestTrafficResume(t *testing.T) {
	for _, id := range []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256} {
		library, ours := trafficPair(t, id)
		var last []byte
		for range 5 {
			last = sealed(library, typeHandshake, []byte("ticket"), 0)
		}
		if ours.resume(last); ours.seq != library.seq {
			t.Errorf("%s: resume after 5 records goes on with %d", tls.CipherSuiteName(id), ours.seq)
		}
		if ours.resume(record(100)); ours.seq != 0 {
			t.Errorf("%s: resume after a record of the handshake goes on with %d", tls.CipherSuiteName(id), ours.seq)
		}
	}
}

// FuzzPosts: however messages are cut into records, the same is done about them, and no more is kept than a message.
func FuzzPosts(f *testing.F) {
	f.Add([]byte{4, 0, 0, 2, 1, 1, 4, 0, 0, 0}, byte(3))
	f.Add([]byte{24, 0, 0, 1, 1}, byte(2))
	f.Fuzz(func(t *testing.T, b []byte, cut byte) {
		var whole, parts posts
		_, want := whole.read(b, true)
		var err error
		for rest := b; len(rest) > 0 && err == nil; {
			n := min(int(cut)+1, len(rest))
			_, err = parts.read(rest[:n], true)
			rest = rest[n:]
		}
		if len(parts.part) > postHeader+postMax {
			t.Fatalf("%d bytes are kept", len(parts.part))
		}
		// A KeyUpdate must end its record, so that cutting can make a message good, never bad.
		if want == nil && err != nil {
			t.Fatalf("whole: %v, in parts: %v", want, err)
		}
	})
}
