package resolve

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// status is how asking a source ended without an address, as a bit (nsswitch.conf(5)).
type status uint8

const (
	statusNotFound status = 1 << iota
	statusUnavail
	statusTryAgain

	statusAll = statusNotFound | statusUnavail | statusTryAgain
)

// module is what a word of the hosts line means here.
type module uint8

const (
	moduleOther module = iota
	moduleFiles
	moduleDNS
	moduleMDNS
)

// moduleOf knows resolve as another way to the servers of resolv.conf(5), which systemd-resolved writes.
func moduleOf(word string) module {
	switch {
	case word == "files":
		return moduleFiles
	case word == "dns" || word == "resolve":
		return moduleDNS
	case strings.HasPrefix(word, "mdns"):
		return moduleMDNS
	}
	return moduleOther
}

// source is one module of the hosts line.
type source struct {
	module module
	word   string
	// stop holds the statuses after which no further source is asked: [NOTFOUND=return].
	stop status
}

// stops is whether the lookup ends with err.
func (s source) stops(err *Error) bool {
	if errors.Is(err, ErrNotFound) {
		return s.stop&statusNotFound != 0
	}
	return err.broken || s.stop&statusTryAgain != 0
}

// sources reads the order in which to ask. Without a hosts line it is files, then dns.
func (r *Resolver) sources() (found []source, err error) {
	err = r.read(nsswitchPath, confMax, func(file io.Reader) (err error) {
		found, err = scanNsswitch(file)
		return err
	})
	return found, err
}

func scanNsswitch(r io.Reader) ([]source, error) {
	found := parseSources("files dns")
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, confMax)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		database, rest, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(database) == "hosts" {
			found = parseSources(rest)
		}
	}
	return found, lines.Err()
}

// sourcesMax bounds the modules of a line.
const sourcesMax = 16

// parseSources reads "files mdns4_minimal [NOTFOUND=return] dns".
func parseSources(line string) []source {
	var found []source
	var current *source
	inside := false
	for _, word := range strings.Fields(strings.NewReplacer("[", " [ ", "]", " ] ").Replace(line)) {
		switch {
		case word == "[" || word == "]":
			inside = word == "["
		case inside && current != nil:
			current.act(word)
		case !inside && len(found) < sourcesMax:
			found = append(found, source{module: moduleOf(word), word: word})
			current = &found[len(found)-1]
		}
	}
	return found
}

// act applies one STATUS=ACTION, with ! before the status for all others. An unknown status or action changes
// nothing; merge is taken as continue; SUCCESS always returns.
func (s *source) act(word string) {
	word, negated := strings.CutPrefix(word, "!")
	key, action, _ := strings.Cut(word, "=")
	var bits status
	switch strings.ToUpper(key) {
	case "SUCCESS":
	case "NOTFOUND":
		bits = statusNotFound
	case "UNAVAIL":
		bits = statusUnavail
	case "TRYAGAIN":
		bits = statusTryAgain
	default:
		return
	}
	if negated {
		bits = statusAll &^ bits
	}
	switch strings.ToLower(action) {
	case "return":
		s.stop |= bits
	case "continue", "merge":
		s.stop &^= bits
	}
}
