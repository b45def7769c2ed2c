package policy

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// A Pin is the SHA-256 digest of a certificate's whole SubjectPublicKeyInfo, in DER (RFC 7469, section 2.4).
type Pin [sha256.Size]byte

// ParsePin reads a pin in base64, with or without "sha256//" or "sha256/" before it as curl and HPKP write it.
func ParsePin(text string) (p Pin, err error) {
	for _, prefix := range []string{"", "sha256/", "sha256//"} { // a digest may begin with a slash
		b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, prefix))
		if err == nil && len(b) == len(p) {
			return Pin(b), nil
		}
	}
	return p, fmt.Errorf("%q is not the base64 form of a SHA-256 digest, which has 44 characters", text)
}

// String is the pin in base64.
func (p Pin) String() string { return base64.StdEncoding.EncodeToString(p[:]) }

// A PinnedHost is a pattern for hosts with the keys they may have.
type PinnedHost struct {
	Pattern Host
	// Pins are the keys of which one must be in the peer's chain; those that are in use later are backups.
	Pins   []Pin
	Source Source
}

// A PinList is the pins of one section.
type PinList []PinnedHost

// For are the entries with the most specific patterns that a destination matches: a key of any of them will do.
func (l PinList) For(d Dest) (all []PinnedHost) {
	best := 0
	for _, h := range l {
		switch rank := h.Pattern.rank(); {
		case !h.Pattern.match(d) || rank < best:
		case rank > best:
			all, best = []PinnedHost{h}, rank
		default:
			all = append(all, h)
		}
	}
	return all
}

// showPins is the patterns of the pins.
func showPins(s *Settings) string {
	var names []string
	for _, list := range s.Validation.Pins {
		for _, h := range list {
			names = append(names, h.Pattern.String())
		}
	}
	return strings.Join(names, " ")
}

// PinnedHosts are the pins of all sections, in the order of the files.
func (p *Policy) PinnedHosts() (all []PinnedHost) {
	add := func(l *Layer) {
		if l.Set.Has(KeyPinnedHosts) {
			for _, list := range l.Settings.Validation.Pins {
				all = append(all, list...)
			}
		}
	}
	add(&p.global)
	for _, profile := range p.profiles {
		add(&profile.Layer)
		for i := range profile.Sections {
			add(&profile.Sections[i].Layer)
		}
	}
	return all
}
