package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil"
)

const root = "../.."

func TestOutputsAreUpToDate(t *testing.T) {
	for _, o := range outputs() {
		got, err := os.ReadFile(filepath.Join(root, o.path))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(o.text()) {
			t.Errorf("%s differs from what abi says; run make generate", o.path)
		}
	}
}

// TestHeaderCompiles builds a program that checks every number and the layout at compile time, twice including the
// header as a program with several headers may.
func TestHeaderCompiles(t *testing.T) {
	for _, row := range []struct{ compiler, std, suffix string }{
		{"gcc", "-std=c11", "c"},
		{"gcc", "-std=gnu17", "c"},
		{"g++", "-std=c++17", "cc"},
	} {
		t.Run("ok "+row.compiler+" "+row.std, func(t *testing.T) {
			testutil.Require(t, testutil.Program(row.compiler))
			src := filepath.Join(t.TempDir(), "check."+row.suffix)
			if err := os.WriteFile(src, []byte(checks()), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(row.compiler, row.std, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
				"-I"+filepath.Join(root, "include"), src)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", cmd, err, out)
			}
		})
	}
}

func checks() string {
	var b strings.Builder
	b.WriteString("#include <ssa.h>\n#include <ssa.h>\n#include <stddef.h>\n#ifndef __cplusplus\n#define static_assert _Static_assert\n#endif\n")
	assert := func(expr string, value int) { fmt.Fprintf(&b, "static_assert(%s == %d, %q);\n", expr, value, expr) }
	assert("sizeof(struct sockaddr_host)", abi.SockaddrHostLen)
	assert("offsetof(struct sockaddr_host, sin_addr)", abi.SockaddrHostName)
	assert("sizeof(((struct sockaddr_host *)0)->sin_addr.name)", abi.HostnameMax)
	for _, g := range groups() {
		for _, c := range g.constants {
			assert(c.name, c.value)
		}
	}
	b.WriteString("int main(void) { return 0; }\n")
	return b.String()
}
