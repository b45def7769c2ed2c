package wire

import (
	"bytes"
	encpem "encoding/pem"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// fill sets every field that can be reached to something of its own, so that one which does not travel is noticed.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Kind() { //nolint:exhaustive // the kinds that messages have; default fails
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[netip.AddrPort]() {
			v.Set(reflect.ValueOf(netip.AddrPortFrom(netip.MustParseAddr("fe80::1%eth0"), uint16(*n))))
			return
		}
		if v.Type() == reflect.TypeFor[socket.Peer]() {
			v.Set(reflect.ValueOf(socket.NewPeer(strings.Repeat("i", *n), bytes.Repeat([]byte("c"), *n))))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.String:
		v.SetString(strings.Repeat("s", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		t.Fatalf("a field of type %v: teach this test and the encoding", v.Type())
	}
}

func filled[T any](t *testing.T) (v T) {
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

func same(t *testing.T, want, got any, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(want, got) {
		t.Errorf("%T (-want +got):\n-%+v\n+%+v, %v", want, want, got, err)
	}
}

// TestEverythingTravels encodes and decodes each type with all its fields set, and with none.
func TestEverythingTravels(t *testing.T) {
	for _, r := range []abi.Request{filled[abi.Request](t), {}, {TrustAnchors: []byte{}}} {
		e := encoder{}
		e.request(r)
		d := decoder{rest: e.b}
		got, sizes := d.request()
		for i, c := range r.Credentials {
			if sizes[i] != len(c.Key) {
				t.Errorf("size of key %d: %d, want %d", i, sizes[i], len(c.Key))
			}
			got.Credentials[i].Key = c.Key // it travels apart
		}
		same(t, r, got, d.finish())
	}
	for _, v := range []socket.Effective{filled[socket.Effective](t), {}} {
		e := encoder{}
		e.effective(v)
		d := decoder{rest: e.b}
		same(t, v, d.effective(), d.finish())
	}
	for _, v := range []socket.Info{filled[socket.Info](t), {}} {
		e := encoder{}
		e.info(&v)
		d := decoder{rest: e.b}
		same(t, &v, d.info(), d.finish())
	}
	for _, v := range []credential{{app: filled[socket.App](t), proof: [proofSize]byte{1}}, {}} {
		e := encoder{}
		e.credential(v)
		d := decoder{rest: e.b}
		same(t, v, d.credential(), d.finish())
	}
}

func TestFailureTravels(t *testing.T) {
	for _, want := range []error{
		abi.Failf(abi.Rejected, "no"), abi.Failf(abi.Exhausted, "full: %w", linux.EMFILE), linux.EINVAL, errors.New("plain"),
	} {
		e := encoder{}
		e.optionalFailure(want)
		d := decoder{rest: e.b}
		got := d.optionalFailure()
		var w, g *abi.Failure
		errno, _ := linux.ErrnoOf(want)
		if d.finish() != nil || got.Error() != want.Error() || errors.As(want, &w) != errors.As(got, &g) ||
			w != nil && w.Kind != g.Kind || errno != 0 && !errors.Is(got, errno) {
			t.Errorf("(-want +got):\n-%v\n+%v", want, got)
		}
	}
	e := encoder{}
	e.failure(errors.New(strings.Repeat("ü", 5000)))
	d := decoder{rest: e.b}
	if got := d.failure(); d.finish() != nil || len(got.Error()) > textMax || strings.Contains(got.Error(), "\ufffd") {
		t.Errorf("a long text: %d bytes, %v", len(got.Error()), d.err)
	}
}

func TestWithoutKeys(t *testing.T) {
	cert := "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
	key := "-----BEGIN EC PRIVATE KEY-----\nsecret\n-----END EC PRIVATE KEY-----\n"
	none := "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n"
	for _, tt := range []struct{ name, pem, want string }{
		{"ok none", cert, cert},
		{"ok before", key + cert, none + cert},
		{"ok after", cert + key, cert + none},
		{"ok between", "text\n" + cert + key + "more\n" + cert, "text\n" + cert + none + "more\n" + cert},
		{"ok several", key + key + cert + key, none + none + cert + none},
		{"bad unended", cert + "-----BEGIN PRIVATE KEY-----\nsecret", cert},
		{"bad on one line", "-----BEGIN PRIVATE KEY-----secret-----END PRIVATE KEY-----\n" + cert, "-----BEGIN PRIVATE KEY-----\n-----END CERTIFICATE-----\n"},
		{"bad end of another kind", "-----BEGIN PRIVATE KEY-----\nsecret\n" + cert, "-----BEGIN PRIVATE KEY-----\n-----END CERTIFICATE-----\n"},
		{"bad empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(withoutKeys([]byte(tt.pem))); got != tt.want {
				t.Errorf("(-want +got):\n-%q\n+%q", tt.want, got)
			}
		})
	}
}

// FuzzWithoutKeys checks that nothing is left behind a label, that without keys nothing changes, and that what is left
// has none.
func FuzzWithoutKeys(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, pem []byte) {
		got := withoutKeys(pem)
		if again := withoutKeys(got); !bytes.Equal(again, got) {
			t.Errorf("%q became %q, and that %q", pem, got, again)
		}
		if b, _ := encpem.Decode(got); b != nil && strings.HasSuffix(b.Type, "PRIVATE KEY") && len(b.Bytes) > 0 {
			t.Errorf("%q keeps %d bytes of a key", pem, len(b.Bytes))
		}
		if !bytes.Contains(pem, []byte("PRIVATE KEY-----")) && !bytes.Equal(got, pem) {
			t.Errorf("%q became %q", pem, got)
		}
	})
}

// FuzzPacket checks that what is taken for a packet encodes to the same bytes.
func FuzzPacket(f *testing.F) {
	e := encoder{}
	header{kind: start, id: 7, fds: 1, size: 8}.encode(&e)
	e.int(1)
	f.Add(e.b)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, payload, err := parsePacket(b)
		if err != nil {
			return
		}
		e := encoder{}
		h.encode(&e)
		if e.b = append(e.b, payload...); !bytes.Equal(e.b, b) {
			t.Errorf("% x is taken for % x", b, e.b)
		}
	})
}

// FuzzPayload checks that whatever a decoder takes encodes to the same bytes: nothing has two forms, and nothing is made up.
func FuzzPayload(f *testing.F) {
	seed := func(kind uint8, encode func(*encoder)) {
		e := encoder{}
		encode(&e)
		f.Add(kind, e.b)
	}
	seed(0, dialMessage{request: abi.Request{Credentials: []abi.Credential{{Chain: []byte("c"), Key: []byte("k")}}}}.encode)
	seed(1, listenMessage{backlog: 4, local: netip.MustParseAddrPort("[::1]:443")}.encode)
	seed(2, admitMessage{}.encode)
	seed(3, acceptedMessage{listener: 4, info: &socket.Info{}}.encode)
	seed(4, func(e *encoder) { e.effective(socket.Effective{Ciphers: []string{"x"}, Chain: []byte("x")}) })
	seed(5, func(e *encoder) { e.optionalFailure(abi.Failf(abi.Reset, "gone: %w", linux.ECONNRESET)) })
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		again, err := recode(kind, b)
		if err == nil && !bytes.Equal(again, b) {
			t.Errorf("kind %d: % x is taken for % x", kind, b, again)
		}
	})
}

// recode decodes a payload and encodes what came of it.
func recode(kind uint8, b []byte) ([]byte, error) {
	e := encoder{}
	switch kind % 6 {
	case 0:
		m, err := decodeDial(b)
		restore(&m.request, m.sizes)
		m.encode(&e)
		return e.b, err
	case 1:
		m, err := decodeListen(b)
		restore(&m.request, m.sizes)
		m.encode(&e)
		return e.b, err
	case 2:
		m, err := decodeAdmit(b)
		restore(&m.request, m.sizes)
		m.encode(&e)
		return e.b, err
	case 3:
		m, err := decodeAccepted(b)
		m.encode(&e)
		return e.b, err
	case 4:
		d := decoder{rest: b}
		v := d.effective()
		err := d.finish()
		e.effective(v)
		return e.b, err
	default:
		d := decoder{rest: b}
		v := d.optionalFailure()
		err := d.finish()
		e.optionalFailure(v)
		return e.b, err
	}
}

// restore gives a request keys of the sizes it came with. A chain with a private key in it is not sent like that.
func restore(r *abi.Request, sizes []int) {
	for i := range r.Credentials {
		if i < len(sizes) && sizes[i] >= 0 {
			r.Credentials[i].Key = make([]byte, sizes[i])
		}
	}
}
