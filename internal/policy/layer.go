package policy

import (
	"slices"
	"time"
)

// A Layer is what one section of the policy says: values for some keys, which override those of the sections above.
type Layer struct {
	// Settings holds the values, with their sources; those of keys that are not in Set mean nothing.
	Settings Settings
	Set      KeySet
	// Excuses are the exceptions that cover keys below the floor.
	Excuses [keyCount]*Exception

	// weak are the keys below the floor, or weaker than the sections above, with what is weak in them; known once the
	// layer is part of a Policy.
	weak    KeySet
	weakest map[Key]string
}

// Put sets a key from settings that hold its value.
func (l *Layer) Put(k Key, value *Settings, source Source) {
	fields[k].copy(&l.Settings, value)
	if l.Settings.Sources == nil {
		l.Settings.Sources = l.Settings.Sources.own()
	}
	l.Settings.Sources[k] = source
	l.Set = l.Set.With(k)
}

// Excuse covers all keys of the layer with an exception.
func (l *Layer) Excuse(e *Exception) {
	l.Set.each(func(k Key) { l.Excuses[k] = e })
}

// Merge lets a layer of the same section, from a later file, override this one. Certificates and pins of both are kept.
func (l *Layer) Merge(later *Layer) {
	if l.Set.Has(KeyCertificates) && later.Set.Has(KeyCertificates) {
		later.Settings.Certificates = slices.Concat(l.Settings.Certificates, later.Settings.Certificates)
	}
	if l.Set.Has(KeyPinnedHosts) && later.Set.Has(KeyPinnedHosts) {
		// One section has one list.
		later.Settings.Validation.Pins = []PinList{slices.Concat(slices.Concat(l.Settings.Validation.Pins, later.Settings.Validation.Pins)...)}
		l.Settings.Validation.Pins = nil
	}
	later.Set.each(func(k Key) {
		l.Put(k, &later.Settings, later.Settings.Sources.At(k))
		l.Excuses[k] = later.Excuses[k]
	})
}

// over puts the layer above settings. A value below the floor whose exception is dead counts as not written; the
// exceptions that were needed are returned with those already found.
func (l *Layer) over(s *Settings, now time.Time, used []*Exception) []*Exception {
	if l.Set == 0 {
		return used
	}
	s.Sources = s.Sources.own()
	l.Set.each(func(k Key) {
		if l.weak.Has(k) {
			if !l.Excuses[k].Alive(now) {
				return
			}
			used = appendOnce(used, l.Excuses[k])
		}
		fields[k].copy(s, &l.Settings)
		s.Sources[k] = l.Settings.Sources.At(k)
	})
	return used
}

func appendOnce(list []*Exception, e *Exception) []*Exception {
	for _, have := range list {
		if have == e {
			return list
		}
	}
	return append(list, e)
}

// settle makes settings consistent after the last layer: without tickets there is nothing to keep.
func (s *Settings) settle() {
	if s.SessionReuse {
		return
	}
	s.SessionTTL, s.SessionTTLMax = 0, 0
	s.Sources = s.Sources.own()
	s.Sources[KeySessionTTL] = s.Sources[KeySessionTickets]
	s.Sources[KeySessionTTLMax] = s.Sources[KeySessionTickets]
}
