package policy

import "slices"

// Names says whether the policy names a file: as a certificate, as its key, or among those a profile grants.
func (p *Policy) Names(path string) bool {
	if p.global.names(path) {
		return true
	}
	for _, profile := range p.profiles {
		if profile.Layer.names(path) {
			return true
		}
		for i := range profile.Sections {
			if profile.Sections[i].Layer.names(path) {
				return true
			}
		}
	}
	return false
}

func (l *Layer) names(path string) bool {
	s := &l.Settings
	named := slices.ContainsFunc(s.Certificates, func(c CertificateFiles) bool {
		return c.Chain == path || c.Key == path || c.OCSP == path && path != ""
	})
	return named || slices.ContainsFunc(s.Keys, func(g Glob) bool { return g.Match(path) })
}
