package verify

import (
	"crypto/x509"

	"github.com/securesocketapi/ssa/abi"
)

// chainMax bounds the certificates of a peer, chainBytes what they hold: several times what any needs.
const (
	chainMax   = 64
	chainBytes = 256 << 10
)

// bounded refuses chains that would take long to judge.
func (v Verifier) bounded(sent []*x509.Certificate) error {
	if len(sent) > chainMax {
		return abi.Failf(abi.Rejected, "the %s sent %d certificates; at most %d are looked at", v.Role, len(sent), chainMax)
	}
	bytes := 0
	for _, c := range sent {
		bytes += len(c.Raw)
	}
	if bytes > chainBytes {
		return abi.Failf(abi.Rejected, "the %s sent certificates of %d bytes; at most %d are looked at", v.Role, bytes, chainBytes)
	}
	return nil
}
