package policy

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		name, pattern, subject string
		want                   bool
	}{
		{"ok literal", "/usr/bin/curl", "/usr/bin/curl", true},
		{"bad literal prefix", "/usr/bin/curl", "/usr/bin/curl2", false},
		{"ok star", "/usr/bin/*", "/usr/bin/curl", true},
		{"ok star for nothing", "/usr/bin/curl*", "/usr/bin/curl", true},
		{"bad star across a component", "/usr/*", "/usr/bin/curl", false},
		{"ok two stars across components", "/usr/**", "/usr/bin/curl", true},
		{"ok two stars in the middle", "/opt/**/bin/*d", "/opt/a/b/bin/httpd", true},
		{"bad two stars in the middle", "/opt/**/bin/*d", "/opt/a/b/bin/x/httpd", false},
		{"ok star after two stars", "/**b*d", "/a/b/c/bcd", true},
		{"bad star after two stars", "/**b*d", "/a/b/c/cd/e", false},
		{"ok three stars are two", "/a***z", "/a/b/z", true},
		{"ok several stars", "/a*b*c", "/aXbYbZc", true},
		{"bad several stars", "/a*b*c", "/aXbY/bZc", false},
		{"bad empty subject", "/a", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := NewGlob(tt.pattern).Match(tt.subject); got != tt.want {
				t.Errorf("%s on %s: got %v, want %v", tt.pattern, tt.subject, got, tt.want)
			}
		})
	}
}

func TestGlobsOverlap(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"ok equal", "/a/b", "/a/b", true},
		{"ok literal in pattern", "/a/*", "/a/b", true},
		{"ok crossing", "/usr/bin/ngin*", "/usr/bin/*ginx", true},
		{"ok deep crossing", "/usr/**/x", "/**/bin/*", true},
		{"ok stars of both sides", "/a/*b", "/a/c*", true},
		{"bad other directory", "/usr/bin/*", "/usr/sbin/*", false},
		{"bad other end", "/usr/*a", "/usr/*b", false},
		{"bad component against depth", "/usr/*", "/usr/*/x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
				if got := NewGlob(pair[0]).overlaps(NewGlob(pair[1])); got != tt.want {
					t.Errorf("%s and %s: got %v, want %v", pair[0], pair[1], got, tt.want)
				}
			}
		})
	}
}

// FuzzGlob checks that a pattern matches as its regular expression does, and that patterns which both match a name
// overlap.
func FuzzGlob(f *testing.F) {
	f.Add("/a*b/**c", "/a**", "/ab/xc")
	f.Add("**", "*/", "/")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		if len(a)+len(b)+len(name) > 200 || !utf8.ValidString(a) || !utf8.ValidString(b) || !utf8.ValidString(name) {
			return
		}
		g, h := NewGlob(a), NewGlob(b)
		if got, want := g.Match(name), expression(a).MatchString(name); got != want {
			t.Fatalf("%q on %q: got %v, want %v", a, name, got, want)
		}
		if g.Match(name) && h.Match(name) && !g.overlaps(h) {
			t.Fatalf("%q and %q both match %q and do not overlap", a, b, name)
		}
		if g.overlaps(h) != h.overlaps(g) {
			t.Fatalf("%q overlaps %q in one direction only", a, b)
		}
	})
}

func expression(pattern string) *regexp.Regexp {
	s := regexp.QuoteMeta(pattern)
	s = regexp.MustCompile(`(\\\*){2,}`).ReplaceAllString(s, "(?s:.*)")
	s = strings.ReplaceAll(s, `\*`, "[^/]*")
	return regexp.MustCompile(`^(?:` + s + `)$`)
}
