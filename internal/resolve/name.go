package resolve

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds on a host name, in bytes (RFC 1035, section 2.3.4; RFC 1123, section 2.1).
const (
	nameMax  = 253
	labelMax = 63
)

// name is a host name that passed the check.
type name struct {
	// text is in lower case, without a trailing dot.
	text string
	// absolute is whether it was written with a trailing dot: no search list then.
	absolute bool
}

// parseName checks that host can be looked up. The error says what is wrong with it, not which it is.
func parseName(host string) (name, error) {
	text, absolute := strings.CutSuffix(host, ".")
	if err := checkChars(text); err != nil {
		return name{}, err
	}
	if len(text) > nameMax {
		return name{}, fmt.Errorf("the name has %d characters, at most %d are allowed", len(text), nameMax)
	}
	if err := checkLabels(text); err != nil {
		return name{}, err
	}
	return name{text: strings.ToLower(text), absolute: absolute}, nil
}

// checkChars lets through letters, digits, dots, hyphens and the underscore, which is no host name character
// but is in use.
func checkChars(text string) error {
	if text == "" {
		return errors.New("the name is empty")
	}
	if text[0] == '-' {
		return errors.New("a name cannot begin with a hyphen")
	}
	for i := range len(text) {
		if !nameChar(text[i]) {
			return badChar(text, i)
		}
	}
	return nil
}

func nameChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// badChar says what is wrong with the character at i, and what to do where that can be guessed.
func badChar(text string, i int) error {
	switch c := text[i]; {
	case c >= 0x80:
		return errors.New("the name has a character outside ASCII; give an internationalized name as A-labels (xn--..., RFC 5890)")
	case strings.Contains(text, "://"):
		return errors.New("this is a URL; give the host name alone")
	case c == '[':
		return errors.New("give an IPv6 address without brackets")
	case c == ':':
		return errors.New("a name cannot contain ':'; the port is given apart from the name")
	default:
		return fmt.Errorf("a name cannot contain %q (at offset %d)", c, i)
	}
}

func checkLabels(text string) error {
	var last string
	for label := range strings.SplitSeq(text, ".") {
		if label == "" {
			return errors.New("the name has an empty label (a dot at its beginning, or two in a row)")
		}
		if len(label) > labelMax {
			return fmt.Errorf("the label %s... has %d characters, at most %d are allowed", label[:16], len(label), labelMax)
		}
		last = label
	}
	if isNumber(last) {
		return errors.New("neither an IP address nor a name: its last label is a number (RFC 1123, section 2.1)")
	}
	return nil
}

// isNumber is whether inet_aton(3) would take the label for a number. "127.1" and "0x7f000001" are addresses to
// some programs and names to others, so they are neither here.
func isNumber(label string) bool {
	lower := strings.ToLower(label)
	if hex, ok := strings.CutPrefix(lower, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(lower, "0123456789") == ""
}

// isLocalhost is whether the name is reserved for the machine itself (RFC 6761, section 6.3).
func (n name) isLocalhost() bool {
	return n.text == "localhost" || strings.HasSuffix(n.text, ".localhost")
}

// isLocal is whether the name belongs to multicast DNS (RFC 6762, section 3).
func (n name) isLocal() bool { return strings.HasSuffix(n.text, ".local") }

// qualify appends a domain. ok is false when the result is too long to be a name.
func (n name) qualify(domain string) (fqdn string, ok bool) {
	fqdn = n.text + "." + domain
	return fqdn, len(fqdn) <= nameMax
}
