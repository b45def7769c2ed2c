package policy

import "github.com/securesocketapi/ssa/abi"

// Checks are those of certificates that the settings demand.
func (s *Settings) Checks() (on abi.Checks) {
	if s.Staple {
		on |= abi.StapleOwn
	}
	if s.Validation.Rules[JudgeRevocation].Weight != Hard {
		return on
	}
	on |= abi.CheckRevocation | abi.CheckCached
	for _, source := range []struct {
		on    bool
		check abi.Checks
	}{
		{s.Validation.Sources.Stapled, abi.CheckStapled},
		{s.Validation.Sources.OCSP, abi.CheckOCSP},
		{s.Validation.Sources.CRL, abi.CheckCRL},
	} {
		if source.on {
			on |= source.check
		}
	}
	return on
}

// narrowChecks turns on what the program wants checked. A judge of revocations that did not count so far counts as the
// policy has it, and is necessary.
func narrowChecks(s *Settings, r abi.Request) error {
	if denied := (s.Checks() & r.Unchecked).Options(); len(denied) > 0 {
		return s.Refuse(abi.Weaker, KeyRevocation, "%s: %s demands it", denied[0], s.From(KeyRevocation))
	}
	s.Staple = s.Staple || r.Checks&abi.StapleOwn != 0
	if r.Checks&^abi.StapleOwn == 0 {
		return nil
	}
	v := &s.Validation
	if rule := &v.Rules[JudgeRevocation]; rule.Weight != Hard {
		rule.Weight, rule.Side = Hard, Necessary
	}
	v.Sources.Stapled = v.Sources.Stapled || r.Checks&abi.CheckStapled != 0
	v.Sources.OCSP = v.Sources.OCSP || r.Checks&abi.CheckOCSP != 0
	v.Sources.CRL = v.Sources.CRL || r.Checks&abi.CheckCRL != 0
	return nil
}
