package unit

import (
	"fmt"
	"strings"
)

// assignment is one line "key=value" of a section.
type assignment struct{ section, key, value string }

// parse reads the syntax of systemd.syntax(7). What is no assignment is left out, as systemd does with a warning.
func parse(text string) []assignment {
	var all []assignment
	section := ""
	for _, line := range joined(text) {
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if ok {
			all = append(all, assignment{section, strings.TrimSpace(key), strings.TrimSpace(value)})
		}
	}
	return all
}

// joined are the lines without comments and empty ones. A backslash at the end of a line stands for a space and joins the
// next one to it; comments between them do not count.
func joined(text string) []string {
	var all []string
	open := ""
	continued := false
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		body, more := strings.CutSuffix(strings.TrimRight(line, " \t\r"), "\\")
		if continued {
			open += " " + strings.TrimSpace(body)
		} else {
			open = strings.TrimSpace(body)
		}
		continued = more
		if !continued && open != "" {
			all = append(all, open)
		}
	}
	if continued && open != "" {
		all = append(all, open)
	}
	return all
}

// command is one command line of ExecStart.
type command struct {
	// prefixes are the characters before it that have a meaning of their own.
	prefixes string
	// line is the rest, as it is written.
	line string
}

func parseCommand(value string) command {
	rest := strings.TrimLeft(value, "@-:+!|")
	return command{prefixes: value[:len(value)-len(rest)], line: strings.TrimSpace(rest)}
}

// words are the words of the line as far as quotes tell them apart; escapes within stay.
func (c command) words() ([]string, error) {
	var all []string
	var word strings.Builder
	quote, begun := rune(0), false
	escaped := false
	for _, r := range c.line {
		switch {
		case escaped:
			escaped = false
			word.WriteRune(r)
		case r == '\\':
			escaped, begun = true, true
			word.WriteRune(r)
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case (r == '"' || r == '\'') && word.Len() == 0:
			quote, begun = r, true
		case r == ' ' || r == '\t':
			if begun {
				all = append(all, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed in %q", c.line)
	}
	if begun {
		all = append(all, word.String())
	}
	return all, nil
}
