package service

import (
	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
)

// Prompt implements socket.Prompter. Credentials may need a file or the process that holds keys, unless they are
// remembered, and so may a trust store or a certificate that the policy names.
func (s *Service) Prompt(app socket.App, r abi.Request) bool {
	if !s.given.have(r.Credentials) || len(r.TrustAnchors) > socket.PromptBytes {
		return false
	}
	q := question{app: app, dest: destination(r), request: r}
	for _, d := range q.decisions(s) {
		if namesFile(&d.Settings) || d.Enforced != nil && namesFile(d.Enforced) {
			return false
		}
	}
	return true
}

func namesFile(s *policy.Settings) bool {
	return s.TrustStore+s.ClientTrustStore != "" || len(s.Certificates) > 0
}
