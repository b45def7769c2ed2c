package policy

// A FileUse is a file that a policy names.
type FileUse struct {
	Key  Key
	Path string
	// Companion is the key that belongs to a certificate chain.
	Companion string
	// Staple is the OCSP response that belongs to a certificate chain; empty is none.
	Staple string
	Source Source
}

// Files are the trust stores, certificates, log lists, revocation lists and plugins the policy names, whether or not anything uses them now.
func (p *Policy) Files() []FileUse {
	all := p.global.files()
	for _, profile := range p.profiles {
		all = append(all, profile.Layer.files()...)
		for i := range profile.Sections {
			all = append(all, profile.Sections[i].Layer.files()...)
		}
	}
	return all
}

func (l *Layer) files() []FileUse {
	var all []FileUse
	if path := l.Settings.ClientTrustStore; l.Set.Has(KeyClientTrustStore) && path != SystemTrust {
		all = append(all, FileUse{Key: KeyClientTrustStore, Path: path, Source: l.Settings.Sources.At(KeyClientTrustStore)})
	}
	if l.Set.Has(KeyTrustStore) && l.Settings.TrustStore != "" {
		all = append(all, FileUse{Key: KeyTrustStore, Path: l.Settings.TrustStore, Source: l.Settings.Sources.At(KeyTrustStore)})
	}
	if l.Set.Has(KeyLogList) {
		all = append(all, FileUse{Key: KeyLogList, Path: l.Settings.Validation.Logs.List, Source: l.Settings.Sources.At(KeyLogList)})
	}
	for _, path := range l.Settings.Validation.Revocations.Lists {
		all = append(all, FileUse{Key: KeyRevocationLists, Path: path, Source: l.Settings.Sources.At(KeyRevocationLists)})
	}
	if l.Set.Has(KeyRevocationSet) {
		all = append(all, FileUse{Key: KeyRevocationSet, Path: l.Settings.Validation.Revocations.CRLSet, Source: l.Settings.Sources.At(KeyRevocationSet)})
	}
	for _, p := range l.Settings.Validation.Plugins {
		if p.Path != "" {
			all = append(all, FileUse{Key: KeyPlugins, Path: p.Path, Source: p.Source})
		}
	}
	if l.Set.Has(KeyCertificates) {
		for _, c := range l.Settings.Certificates {
			all = append(all, FileUse{Key: KeyCertificates, Path: c.Chain, Companion: c.Key, Staple: c.OCSP, Source: c.Source})
		}
	}
	return all
}

// Profile finds a profile by its name; nil when there is none.
func (p *Policy) Profile(name string) *Profile {
	for _, profile := range p.profiles {
		if profile.Name == name {
			return profile
		}
	}
	return nil
}
