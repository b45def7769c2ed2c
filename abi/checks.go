package abi

// Checks is a set of checks of certificates that a program has turned on. It can turn on what the policy leaves open,
// never off what the policy demands.
type Checks uint8

// The checks, each with an option of its own.
const (
	// CheckRevocation is that nothing of the peer's chain is revoked, by the sources of the policy.
	CheckRevocation Checks = 1 << iota
	// CheckStapled, CheckOCSP and CheckCRL are the same with a source besides those of the policy.
	CheckStapled
	CheckOCSP
	CheckCRL
	// CheckCached is that answers from before count as long as they hold.
	CheckCached
	// StapleOwn is not of the peer's certificate but of a listener's own: it must have a response to staple.
	StapleOwn
)

// checks are the options of the checks; never changed.
var checks = [...]struct {
	option Option
	check  Checks
}{
	{TLSRevocationChecks, CheckRevocation},
	{TLSOCSPStapledChecks, CheckStapled},
	{TLSOCSPChecks, CheckOCSP},
	{TLSCRLChecks, CheckCRL},
	{TLSCachedRevChecks, CheckCached},
	{TLSServerOCSPStapling, StapleOwn},
}

// CheckOf is the check that an option turns on, 0 for an option of another kind.
func CheckOf(o Option) Checks {
	for _, c := range checks {
		if c.option == o {
			return c.check
		}
	}
	return 0
}

// Options are the options of the checks in the set.
func (c Checks) Options() (list []Option) {
	for _, row := range checks {
		if c&row.check != 0 {
			list = append(list, row.option)
		}
	}
	return list
}
