// Package tests runs real programs under `ssa run` against independent TLS peers, and checks what both sides
// report. Everything stays on the loopback address.
package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) {
	status := testutil.Main(m)
	if err := os.RemoveAll(workshop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// workshop is where the programs under test are built, once for all tests.
var workshop = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "ssa-tests")
	if err != nil {
		panic(err)
	}
	// Programs that run as another user must reach what is built there.
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

type built struct {
	path string
	err  error
}

// build makes one program with a command in which OUT stands for the file to write.
func build(name string, env []string, words ...string) built {
	path := filepath.Join(workshop(), name)
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, "OUT", path)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return built{err: fmt.Errorf("%s: %w\n%s", cmd, err, out)}
	}
	return built{path: path}
}

// buildSSA builds the program under test. SSA_TEST_BIN names one that is built already; SSA_TEST_RACE=1 builds it with
// the race detector, which makes it no longer static.
var buildSSA = sync.OnceValue(func() built {
	if path := os.Getenv("SSA_TEST_BIN"); path != "" {
		path, err := filepath.Abs(path)
		return built{path, err}
	}
	if os.Getenv("SSA_TEST_RACE") == "1" {
		return build("ssa", []string{"CGO_ENABLED=1"}, "go", "build", "-race", "-o", "OUT", "./cmd/ssa")
	}
	return build("ssa", []string{"CGO_ENABLED=0"}, "go", "build", "-o", "OUT", "./cmd/ssa")
})

var buildGoProgram = sync.OnceValue(func() built {
	return build("goprogram", []string{"CGO_ENABLED=0"}, "go", "build", "-o", "OUT", "./tests/testdata/goprogram")
})

// cPrograms holds what compileC has built, by source.
var cPrograms sync.Map

// must ends the test where a program could not be built.
func must(t testing.TB, b built) string {
	t.Helper()
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

// ssaPath is the program under test.
func ssaPath(t testing.TB) string {
	t.Helper()
	return must(t, buildSSA())
}

// compileC compiles a C program, given by its path from the root of the module, against include/ssa.h.
func compileC(t testing.TB, source string) string {
	t.Helper()
	testutil.Require(t, testutil.Program("gcc"))
	once, _ := cPrograms.LoadOrStore(source, sync.OnceValue(func() built {
		name := strings.TrimSuffix(strings.ReplaceAll(source, "/", "-"), ".c")
		return build(name, nil, "gcc", "-std=gnu17", "-O2", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread",
			"-Iinclude", "-o", "OUT", source)
	}))
	f, _ := once.(func() built)
	return must(t, f())
}

// ssaRun is a command that runs words under `ssa run`. SSA_TEST_SERVICE names the socket of an ssad that is to serve it.
func ssaRun(t testing.TB, words ...string) *exec.Cmd {
	t.Helper()
	testutil.Require(t, testutil.SeccompNotify())
	run := []string{"run"}
	if path := os.Getenv("SSA_TEST_SERVICE"); path != "" {
		run = append(run, "--service=require", "--service-socket="+path)
	}
	return exec.Command(ssaPath(t), append(append(run, "--"), words...)...)
}

// A language is one way to write the client and the server of these tests.
type language struct {
	name string
	// client and server are the first words of their command lines.
	client, server []string
	// hostname is whether the client can connect with AF_HOSTNAME.
	hostname bool
}

func languages(t testing.TB) []language {
	t.Helper()
	python, goProgram := testutil.Python(t), must(t, buildGoProgram())
	script := func(name string) []string { return []string{python, "-B", "programs/python/" + name + ".py"} }
	return []language{
		{"c", []string{compileC(t, "tests/programs/c/client.c")}, []string{compileC(t, "tests/programs/c/server.c")}, true},
		{"python-blocking", script("client_blocking"), script("server_blocking"), true},
		{"python-selectors", script("client_selectors"), script("server_selectors"), false},
		{"python-asyncio", script("client_asyncio"), script("server_asyncio"), false},
		{"go", []string{goProgram, "client"}, []string{goProgram, "server"}, true},
	}
}

// cLanguage is the one that tests use where the language does not matter.
func cLanguage(t testing.TB) language {
	t.Helper()
	return languages(t)[0]
}
