package socket

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// Bounds of lists whose elements are short.
const (
	hostnamesMax = 256
	ciphersMax   = 64
	// UnservedMax bounds the functions of a program's TLS library that are reported for one socket.
	UnservedMax = 64
)

func setRemoteHostname(r *abi.Request, v value) error {
	if err := checkHostname(v, v.text); err != nil {
		return err
	}
	r.RemoteHostname = v.text
	return nil
}

func setHostnames(r *abi.Request, v value) error {
	list, err := split(v, ",", hostnamesMax)
	if err != nil {
		return err
	}
	for i, name := range list {
		if err := checkHostname(v, strings.TrimPrefix(name, "*.")); err != nil {
			return err
		}
		list[i] = strings.ToLower(name)
	}
	r.Hostnames = list
	return nil
}

// checkHostname takes what RFC 1123 section 2.1 calls a host name, and address literals.
func checkHostname(v value, name string) error {
	if _, err := netip.ParseAddr(name); err == nil {
		return nil
	}
	if len(name) > 253 {
		return invalid("set %s: a host name of %d characters, at most 253", v.option, len(name))
	}
	for _, label := range strings.Split(strings.TrimSuffix(name, "."), ".") {
		if len(label) == 0 || len(label) > 63 {
			return invalid("set %s: %q has a label of %d characters; 1 to 63 are possible", v.option, name, len(label))
		}
		for _, c := range label {
			if !hostnameChar(c) {
				return invalid("set %s: %q has %q, which no host name has (internationalised names: give the xn-- form)", v.option, name, c)
			}
		}
	}
	return nil
}

func hostnameChar(c rune) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func setTrustAnchors(r *abi.Request, v value) error {
	r.TrustAnchors = v.raw
	return nil
}

// setChain appends a chain. The one that was set last, set again, is the same call repeated after a signal.
func setChain(r *abi.Request, v value) error {
	if n := len(r.Credentials); n > 0 && bytes.Equal(r.Credentials[n-1].Chain, v.raw) {
		return nil
	}
	if len(r.Credentials) >= abi.CredentialsMax {
		return invalid("set %s: %d chains are set already", v.option, len(r.Credentials))
	}
	r.Credentials = append(r.Credentials, abi.Credential{Chain: v.raw, Key: keyIn(v.raw), ChainPath: v.path})
	return nil
}

// keyIn is the PEM itself when it also holds a private key, as many servers' files do.
func keyIn(pem []byte) []byte {
	if bytes.Contains(pem, []byte("PRIVATE KEY-----")) {
		return pem
	}
	return nil
}

func setKey(r *abi.Request, v value) error {
	if len(r.Credentials) == 0 {
		return invalid("set %s: set TLS_CERTIFICATE_CHAIN first", v.option)
	}
	c := &r.Credentials[len(r.Credentials)-1]
	c.Key, c.KeyPath = v.raw, v.path
	return nil
}

func setALPN(r *abi.Request, v value) error {
	list, err := split(v, ",", abi.ALPNMax)
	if err != nil {
		return err
	}
	for _, p := range list {
		if len(p) > 255 {
			return invalid("set %s: a protocol name of %d bytes, at most 255 (RFC 7301)", v.option, len(p))
		}
	}
	r.ALPN = list
	return nil
}

func setSessionTTL(r *abi.Request, v value) error {
	if v.number < 0 || v.number > abi.SessionTTLMax {
		return invalid("set %s: %d seconds; 0 to %d are possible", v.option, v.number, abi.SessionTTLMax)
	}
	r.SessionTTL = &v.number
	return nil
}

// setCheck turns a check on, or asks for it to be off, which the policy allows only where it leaves it open.
func setCheck(r *abi.Request, v value) error {
	check := abi.CheckOf(v.option)
	switch v.number {
	case 0:
		r.Checks, r.Unchecked = r.Checks&^check, r.Unchecked|check
	case 1:
		r.Checks, r.Unchecked = r.Checks|check, r.Unchecked&^check
	default:
		return invalid("set %s: %d; 0 and 1 are possible", v.option, v.number)
	}
	return nil
}

func setSessionReuse(r *abi.Request, v value) error {
	if v.number != 0 && v.number != 1 {
		return invalid("set %s: %d; 0 and 1 are possible", v.option, v.number)
	}
	on := v.number == 1
	r.SessionReuse = &on
	return nil
}

func setDisabledCipher(r *abi.Request, v value) error {
	if len(r.DisabledCiphers) >= ciphersMax {
		return invalid("set %s: %d suites are disabled already", v.option, len(r.DisabledCiphers))
	}
	r.DisabledCiphers = append(r.DisabledCiphers, v.text)
	return nil
}

func setTrustedCiphers(r *abi.Request, v value) error {
	list, err := split(v, ":", ciphersMax)
	r.TrustedCiphers = list
	return err
}

func setPeerAuth(r *abi.Request, v value) error {
	if v.number != abi.PeerAuthNone && v.number != abi.PeerAuthRequest && v.number != abi.PeerAuthRequire {
		return invalid("set %s: %d; 0 none, 1 request and 2 require are possible", v.option, v.number)
	}
	r.PeerAuth = &v.number
	return nil
}

func setVersionMin(r *abi.Request, v value) (err error) {
	r.VersionMin, err = version(v)
	return err
}

func setVersionMax(r *abi.Request, v value) (err error) {
	r.VersionMax, err = version(v)
	return err
}

func version(v value) (uint16, error) {
	if v.number < abi.VersionTLS10 || v.number > abi.VersionTLS13 {
		return 0, invalid("set %s: %#x is no version; 0x0301 (TLS 1.0) to 0x0304 (TLS 1.3) are", v.option, v.number)
	}
	return uint16(v.number), nil
}

// setUnserved takes the name of a function in C.
func setUnserved(r *abi.Request, v value) error {
	if len(v.text) == 0 || len(v.text) > 128 || strings.IndexFunc(v.text, notInIdentifier) >= 0 {
		return invalid("set %s: it takes the name of a function", v.option)
	}
	if len(r.Unserved) == UnservedMax {
		return invalid("set %s: at most %d names", v.option, UnservedMax)
	}
	r.Unserved = append(r.Unserved, v.text)
	return nil
}

func notInIdentifier(c rune) bool {
	return c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}
