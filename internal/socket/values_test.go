package socket

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// fileless is a task that can open nothing.
type fileless struct{ Task }

func (fileless) Open(string) (*os.File, error) { return nil, fs.ErrNotExist }

// FuzzOptionValue states what holds for every value of every option: it is refused with an error that has an
// errno, or the request is then within its bounds and has no NUL and no upper case where there is to be none.
func FuzzOptionValue(f *testing.F) {
	for _, info := range abi.Options() {
		for _, v := range []string{"", "\x00", "a.test", "*.A.test,b", "h2,http/1.1", "a:b", "\x01\x00\x00\x00", "\x03\x03\x00\x00\x00\x00\x00\x00",
			"-----BEGIN CERTIFICATE-----", "/a/path", strings.Repeat("a.", 130)} {
			f.Add(int32(info.Option), []byte(v))
		}
	}
	f.Fuzz(func(t *testing.T, number int32, raw []byte) {
		info, known := abi.Lookup(abi.Option(number))
		set := setters()[abi.Option(number)]
		if !known || set == nil {
			return
		}
		h := &Handle{Socket: &Socket{}, Task: fileless{}}
		var r abi.Request
		v, err := h.decode(info, raw)
		if err == nil {
			err = set(&r, v)
		}
		if err != nil {
			failure, isFailure := (*abi.Failure)(nil), false
			isFailure = errors.As(err, &failure)
			if _, isErrno := linux.ErrnoOf(err); !isFailure && !isErrno && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of %q: the error %v has no errno", info.Name, raw, err)
			}
			return
		}
		checkRequest(t, r)
	})
}

func checkRequest(t *testing.T, r abi.Request) {
	t.Helper()
	names := append([]string{r.RemoteHostname}, r.Hostnames...)
	for _, list := range [][]string{names, r.ALPN, r.DisabledCiphers, r.TrustedCiphers} {
		if len(list) > hostnamesMax+1 {
			t.Errorf("a list of %d", len(list))
		}
		for _, s := range list {
			if strings.Contains(s, "\x00") {
				t.Errorf("%q has a NUL", s)
			}
		}
	}
	for _, s := range r.Hostnames {
		if s != strings.ToLower(s) || s == "" || strings.ContainsAny(s, " ,/") {
			t.Errorf("%q is among the names to serve", s)
		}
	}
	for _, p := range r.ALPN {
		if len(p) == 0 || len(p) > 255 {
			t.Errorf("a protocol name of %d bytes", len(p))
		}
	}
	for _, v := range []uint16{r.VersionMin, r.VersionMax} {
		if v != 0 && (v < abi.VersionTLS10 || v > abi.VersionTLS13) {
			t.Errorf("version %#x", v)
		}
	}
	if r.SessionTTL != nil && (*r.SessionTTL < 0 || *r.SessionTTL > abi.SessionTTLMax) {
		t.Errorf("a session of %d seconds", *r.SessionTTL)
	}
}

func TestEveryOptionHasItsSetter(t *testing.T) {
	for _, info := range abi.Options() {
		if has := setters()[info.Option] != nil; has != (info.Set != abi.Never) {
			t.Errorf("%s: a setter %v, and the states in which it may be set are %#x", info.Name, has, info.Set)
		}
	}
}

func TestEveryReadableOptionHasAValue(t *testing.T) {
	s := &Socket{asked: &asked{effective: &Effective{}}, info: &Info{}, state: abi.Connected}
	for _, info := range abi.Options() {
		if info.Get == abi.Never || info.Option == abi.TLSError {
			continue
		}
		value := reporters()[info.Option](s)
		size := map[abi.Form]int{abi.Text: 1, abi.PEM: 1, abi.Int: 4, abi.ID: 8}[info.Form]
		if len(value) != size {
			t.Errorf("%s of an empty connection: %d bytes, want %d", info.Name, len(value), size)
		}
	}
}
