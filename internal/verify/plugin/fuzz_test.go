package plugin_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/securesocketapi/ssa/internal/verify/plugin"
)

// FuzzDecode: an answer is refused, or one of four words with a short reason that fits into a line.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"id":1,"answer":"valid","reason":"fine"}`, `{"id":1,"answer":"invalid","ttl":60,"later":[1]}`,
		`{"id":-1}`, `{"answer":"valid"}`, `[]`, `{"id":1,"answer":"valid"} {}`, `{"id":18446744073709551615,"answer":"error"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		_, a, err := plugin.Decode(line)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if !strings.Contains(string(line), a.Answer.String()) && !strings.Contains(string(line), `\u`) {
			t.Errorf("%q became %s", line, a.Answer)
		}
		if a.TTL < 0 || a.TTL > 24*time.Hour || len(a.Reason) > 1500 || strings.ContainsFunc(a.Reason, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q became %+v", line, a)
		}
	})
}
