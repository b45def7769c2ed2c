package socket

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// setter puts a checked value into a request.
type setter func(*abi.Request, value) error

// value is an option value as the program gave it.
type value struct {
	option abi.Option
	raw    []byte
	// path is that of a file which the program may not read; raw is then nil.
	path string
	// text is raw without its NUL, for options that are strings.
	text string
	// number is raw as an int, for options that are numbers.
	number int
}

// setters are the options that can be set.
var setters = sync.OnceValue(func() map[abi.Option]setter {
	return map[abi.Option]setter{
		abi.TLSRemoteHostname:          setRemoteHostname,
		abi.TLSHostname:                setHostnames,
		abi.TLSTrustedPeerCertificates: setTrustAnchors,
		abi.TLSCertificateChain:        setChain,
		abi.TLSPrivateKey:              setKey,
		abi.TLSALPN:                    setALPN,
		abi.TLSSessionTTL:              setSessionTTL,
		abi.TLSDisableCipher:           setDisabledCipher,
		abi.TLSRequestPeerAuth:         setPeerAuth,
		abi.TLSTrustedCiphers:          setTrustedCiphers,
		abi.TLSRevocationChecks:        setCheck,
		abi.TLSOCSPStapledChecks:       setCheck,
		abi.TLSOCSPChecks:              setCheck,
		abi.TLSCRLChecks:               setCheck,
		abi.TLSCachedRevChecks:         setCheck,
		abi.TLSServerOCSPStapling:      setCheck,
		abi.TLSSessionReuse:            setSessionReuse,
		abi.TLSVersionMin:              setVersionMin,
		abi.TLSVersionMax:              setVersionMax,
		abi.TLSCoerce:                  setUnserved,
	}
})

// SetTLS carries setsockopt(2) out at level IPPROTO_TLS. Either all of the value is in force or nothing changes.
func (h *Handle) SetTLS(ctx context.Context, o abi.Option, raw []byte) error {
	info, known := abi.Lookup(o)
	set := setters()[o]
	if !known || set == nil {
		return fmt.Errorf("set %s: there is no such option at level IPPROTO_TLS, or it can only be read: %w", o, linux.ENOPROTOOPT)
	}
	v, err := h.decode(info, raw)
	if err != nil {
		return err
	}
	h.setting.Lock()
	defer h.setting.Unlock()
	h.mu.Lock()
	state, request := h.state, h.asked.request.Clone()
	h.mu.Unlock()
	if state&info.Set == 0 {
		return wrongState(info, state)
	}
	if err := set(&request, v); err != nil {
		return err
	}
	request.ID = h.id
	effective, err := h.table.service.Admit(ctx, h.app.Value(), request)
	if err != nil {
		return refused(o, err)
	}
	return h.adopt(info, request, effective)
}

// refused says which option the service has refused, unless it does so itself.
func refused(o abi.Option, err error) error {
	if strings.HasPrefix(err.Error(), o.String()+": ") {
		return fmt.Errorf("set %w", err)
	}
	return fmt.Errorf("set %s: %w", o, err)
}

// adopt puts a request in force unless the socket has moved on meanwhile.
func (h *Handle) adopt(info abi.Info, r abi.Request, e Effective) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state&info.Set == 0 {
		return wrongState(info, h.state)
	}
	h.asked = &asked{r, &e}
	return nil
}

// wrongState is the error for an option that cannot be set any more.
func wrongState(info abi.Info, state abi.When) error {
	errno := linux.EISCONN
	if state == abi.Connecting {
		errno = linux.EALREADY
	}
	if state == abi.Listening {
		errno = linux.EINVAL
	}
	return fmt.Errorf("set %s before connect or listen, not after: %w", info.Name, errno)
}

// decode reads the value by its form, and a file where the value is a path.
func (h *Handle) decode(info abi.Info, raw []byte) (value, error) {
	v := value{option: info.Option, raw: raw}
	var err error
	switch info.Form {
	case abi.Int, abi.ID:
		v.number, err = decodeInt(info, raw)
	case abi.Text:
		v.text, err = decodeText(info, raw)
	case abi.PEM:
		v.raw, err = h.load(info, raw)
		if name := string(bytes.TrimRight(raw, "\x00")); errors.Is(err, linux.EACCES) && grantable(info.Option, name) {
			v.path, err = name, nil
		}
	}
	return v, err
}

// decodeInt takes an int, or a long that fits one.
func decodeInt(info abi.Info, raw []byte) (int, error) {
	switch len(raw) {
	case 4:
		return int(int32(binary.NativeEndian.Uint32(raw))), nil
	case 8:
		n := int64(binary.NativeEndian.Uint64(raw))
		if n == int64(int32(n)) {
			return int(n), nil
		}
		return 0, invalid("set %s: %d is out of range", info.Name, n)
	}
	return 0, invalid("set %s: the value has %d bytes, an int has 4", info.Name, len(raw))
}

// decodeText takes a string with or without its NUL.
func decodeText(info abi.Info, raw []byte) (string, error) {
	text := bytes.TrimSuffix(raw, []byte{0})
	if len(text) == 0 {
		return "", invalid("set %s: the value is empty", info.Name)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return "", invalid("set %s: the value has a NUL in the middle", info.Name)
	}
	if !utf8.Valid(text) {
		return "", invalid("set %s: the value is not UTF-8 text", info.Name)
	}
	return string(text), nil
}

// grantable says whether the service may open a file for a program that may not: the administrator's policy decides.
func grantable(o abi.Option, name string) bool {
	return (o == abi.TLSCertificateChain || o == abi.TLSPrivateKey) && filepath.IsAbs(name)
}

// isPEM says whether a value is PEM, and not the path of a file with it.
func isPEM(raw []byte) bool { return bytes.Contains(raw, []byte("-----BEGIN ")) }

// pemOf is such a value without the NUL of a string.
func pemOf(raw []byte) []byte { return bytes.TrimRight(raw, "\x00") }

// load takes PEM, or the path of a file with PEM, which is opened as the program itself would.
func (h *Handle) load(info abi.Info, raw []byte) ([]byte, error) {
	text := pemOf(raw)
	if isPEM(raw) {
		return bytes.Clone(text), nil
	}
	if len(text) == 0 {
		return nil, invalid("set %s: the value is empty; give a path or PEM text", info.Name)
	}
	if bytes.IndexByte(text, 0) >= 0 || bytes.IndexByte(text, '\n') >= 0 {
		return nil, invalid("set %s: the value is neither a path nor PEM text (it has no -----BEGIN line)", info.Name)
	}
	f, err := h.Task.Open(string(text))
	if err != nil {
		return nil, fmt.Errorf("set %s: open %q: %w", info.Name, text, err)
	}
	defer f.Close()
	b, err := readRegular(f, abi.ValueMax)
	if err != nil {
		return nil, fmt.Errorf("set %s: read %q: %w", info.Name, text, err)
	}
	return b, nil
}

// split cuts a list and refuses empty elements.
func split(v value, sep string, limit int) ([]string, error) {
	list := strings.Split(v.text, sep)
	if len(list) > limit {
		return nil, invalid("set %s: %d elements, at most %d", v.option, len(list), limit)
	}
	for i := range list {
		if list[i] = strings.TrimSpace(list[i]); list[i] == "" {
			return nil, invalid("set %s: element %d of %q is empty", v.option, i+1, v.text)
		}
	}
	return list, nil
}
