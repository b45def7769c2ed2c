package engine

import (
	"crypto/tls"

	"github.com/securesocketapi/ssa/internal/policy"
)

// base is what both sides share. The order of the cipher suites is crypto/tls's own: it follows what the machine
// computes fastest. CipherSuites is never nil, which would stand for a default.
func (e *Engine) base(s policy.Settings) *tls.Config {
	ids := make([]uint16, 0, len(s.Ciphers))
	for _, name := range s.Ciphers {
		if suite, ok := policy.FindSuite(name); ok && !suite.TLS13() {
			ids = append(ids, suite.ID)
		}
	}
	return &tls.Config{
		Time:             e.now,
		MinVersion:       s.VersionMin,
		MaxVersion:       s.VersionMax,
		CipherSuites:     ids,
		CurvePreferences: groups(s),
		// Small first records help browsers and cost a relay one system call each.
		DynamicRecordSizingDisabled: true,
		SessionTicketsDisabled:      s.SessionTTL == 0,
	}
}
