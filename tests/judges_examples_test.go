package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestExamplePlugins puts the plugins of the examples through the trial.
func TestExamplePlugins(t *testing.T) {
	testutil.Require(t, testutil.Program("python3"))
	wildcards := must(t, build("no-wildcards", []string{"CGO_ENABLED=0"}, "go", "build", "-o", "OUT", "./examples/plugins/go/no_wildcards"))
	// Where the sources are, the user whom plugins run as may see nothing.
	list := filepath.Join(workshop(), "allow_list.py")
	text, err := os.ReadFile("../examples/plugins/python/allow_list.py")
	if err == nil {
		err = os.WriteFile(list, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		words []string
		want  []string
	}{
		"Go": {[]string{wildcards}, []string{`good chain +valid`, `wildcard +invalid`, `client +abstain`, `noise +error`, `200 at a time +valid`}},
		"Python": {[]string{list, "/dev/null"},
			[]string{`good chain +abstain`, `noise +abstain`, `200 at a time +abstain`}},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(ssaPath(t), append([]string{"verify", "plugin", "test", "--timeout", "30s"}, row.words...)...)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range row.want {
				if !regexp.MustCompile(`(?m)^` + want).Match(out) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
		})
	}
}
