package engine

import (
	"crypto/tls"
	"slices"

	"github.com/securesocketapi/ssa/internal/policy"
)

// Caps is what the engine can do, in its own order of preference. Go offers the suites of TLS 1.3 all or not at all,
// and prefers by its own order, whatever the order of a list. Between AES-GCM and ChaCha20-Poly1305 it follows what
// both ends compute fastest.
func Caps() policy.Caps {
	c := policy.Caps{Ciphers: preferred()}
	for _, id := range curves {
		c.Groups = append(c.Groups, policy.GroupName(uint16(id)))
	}
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Contains(c.Ciphers, s.Name) {
			c.Ciphers = append(c.Ciphers, s.Name)
		}
	}
	return c
}

// curves are crypto/tls's groups in its order of preference; never changed.
var curves = [...]tls.CurveID{
	tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024, tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521,
}

// preferred are crypto/tls's suites in its order of preference: first forward secrecy with an AEAD, then forward
// secrecy, then an AEAD. Suites it considers broken are not among them and come last.
func preferred() []string {
	var names []string
	for _, id := range []uint16{
		tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA,
		tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
	} {
		names = append(names, tls.CipherSuiteName(id))
	}
	return names
}

// groups are the allowed groups; nil, which stands for crypto/tls's own, where the settings name none.
func groups(s policy.Settings) []tls.CurveID {
	var ids []tls.CurveID
	for _, name := range s.Groups {
		if g, ok := policy.FindGroup(name); ok {
			ids = append(ids, tls.CurveID(g.ID))
		}
	}
	return ids
}
