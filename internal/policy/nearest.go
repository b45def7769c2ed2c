package policy

import "strings"

// Nearest is the word with the smallest edit distance to a wrong one; empty when none is near enough to be meant.
func Nearest(wrong string, words []string) string {
	if len(wrong) > 64 {
		wrong = wrong[:64]
	}
	// A word of which nothing is left was not meant: "on" is not "off".
	best, least := "", min(len(wrong)/2+2, len(wrong))
	for _, w := range words {
		if d := distance(strings.ToLower(wrong), strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	return best
}

// NearestSuite is the name of the cipher suite that was probably meant.
func NearestSuite(wrong string) string { return nearest(wrong) }

// NearestGroup is the name of the group that was probably meant.
func NearestGroup(wrong string) string {
	names := make([]string, 0, len(groups))
	for _, g := range groups {
		names = append(names, g.Name)
	}
	return Nearest(wrong, names)
}
