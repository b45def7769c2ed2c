package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// A binding is what a language has: the HTTPS client and server among its examples.
type binding struct {
	name string
	// client and server are the first words of their command lines.
	client, server []string
	// url is whether the client takes a URL; otherwise a host and a port.
	url bool
	// environment has further variables.
	environment []string
	// listen is what the server takes as its address before the port.
	listen string
}

// bindings are the languages. Their programs are those that users are shown.
func bindings(t *testing.T) []binding {
	t.Helper()
	script := func(interpreter []string, suffix string) binding {
		dir := map[string]string{"pl": "perl", "rb": "ruby", "py": "python"}[suffix]
		if dir == "" {
			dir = suffix
		}
		words := func(name string) []string {
			return append(append([]string(nil), interpreter...), "../examples/"+dir+"/"+name+"."+suffix)
		}
		return binding{name: dir, client: words("https_client"), server: words("https_server")}
	}
	for _, p := range []string{"perl", "ruby", "php"} {
		testutil.Require(t, testutil.Program(p))
	}
	python := script([]string{testutil.Python(t), "-B"}, "py")
	python.url, python.environment = true, []string{"PYTHONPATH=../bindings/python/src"}
	return []binding{
		python,
		script([]string{"perl", "-I../bindings/perl/lib"}, "pl"),
		script([]string{"ruby", "-I../bindings/ruby/lib"}, "rb"),
		script([]string{"php"}, "php"),
		{name: "go", client: goExample(t, "https_client"), server: goExample(t, "https_server"), url: true, listen: "127.0.0.1:"},
		rustExamples(t),
	}
}

func goExample(t *testing.T, name string) []string {
	t.Helper()
	return []string{must(t, build("go-"+name, []string{"CGO_ENABLED=0"}, "go", "build", "-o", "OUT", "./examples/go/"+name))}
}

// rustExamples builds the crate with the one it depends on from Debian's package.
func rustExamples(t *testing.T) binding {
	t.Helper()
	testutil.Require(t, testutil.Program("cargo"), testutil.File("/usr/share/cargo/registry"))
	target := t.TempDir()
	cmd := exec.Command("/usr/bin/cargo", "build", "--quiet", "--examples", "--offline", "--target-dir", target,
		"--config", `source.crates-io.replace-with="debian"`, "--config", `source.debian.directory="/usr/share/cargo/registry"`)
	cmd.Env = append(cmd.Environ(), "RUSTC=/usr/bin/rustc", "RUSTFLAGS=-D warnings", "CARGO_NET_OFFLINE=true")
	cmd.Dir = copyCrate(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	example := func(name string) []string { return []string{filepath.Join(target, "debug/examples", name)} }
	return binding{name: "rust", client: example("https_client"), server: example("https_server")}
}

// copyCrate copies the crate, because cargo writes a lock file beside it.
func copyCrate(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("cp", "-r", "../bindings/rust/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the crate: %v\n%s", err, out)
	}
	return dir
}

func (b binding) run(t *testing.T, words ...string) *exec.Cmd {
	t.Helper()
	cmd := ssaRun(t, words...)
	cmd.Env = append(cmd.Environ(), b.environment...)
	return cmd
}

// fetch runs the client for a page of localhost.
func (b binding) fetch(t *testing.T, port, ca string) (output string, status int) {
	t.Helper()
	target := []string{"localhost", port}
	if b.url {
		target = []string{"https://localhost:" + port + "/"}
	}
	return testutil.Run(t, b.run(t, append(append(append([]string(nil), b.client...), target...), ca)...), "")
}

// TestLanguageExamples runs the examples of each language: the client against nginx, once with the right authority and
// once with a wrong one, the server for curl.
func TestLanguageExamples(t *testing.T) {
	p, stranger := newPKI(t), testutil.NewCA(t, "a stranger")
	s := testutil.NginxHTTP2(t, p.server)
	for _, b := range bindings(t) {
		t.Run("ok "+b.name+" client", func(t *testing.T) {
			t.Parallel()
			if output, status := b.fetch(t, s.Port(), p.ca.Path); status != 0 || !strings.Contains(output, "sni localhost") {
				t.Errorf("got status %d:\n%s", status, output)
			}
		})
		t.Run("bad "+b.name+" client", func(t *testing.T) {
			t.Parallel()
			output, status := b.fetch(t, s.Port(), stranger.Path)
			if status == 0 || strings.Contains(output, "sni localhost") || !strings.Contains(output, "trust") {
				t.Errorf("the server's authority is not trusted; got status %d:\n%s", status, output)
			}
		})
		t.Run("ok "+b.name+" server", func(t *testing.T) {
			t.Parallel()
			words := append(append([]string(nil), b.server...), b.listen+"0", p.server.Chain, p.server.Key)
			server := testutil.Start(t, b.run(t, words...))
			port := server.WaitOutput(`(?m)^listening on .*?(\d+)$`)[1]
			for range 2 {
				if output, status := testutil.Curl(t, p.ca, "localhost:"+port); status != 0 || !strings.Contains(output, "hello") {
					t.Errorf("curl: got status %d:\n%s\n%s", status, output, server.Output())
				}
			}
		})
	}
}

// TestPythonBinding uses the Python binding in each way that its manual names.
func TestPythonBinding(t *testing.T) {
	p := newPKI(t)
	s := testutil.Nginx(t, p.server)
	cmd := ssaRun(t, testutil.Python(t), "-B", "programs/python/binding.py", s.Port(), p.ca.Path, p.server.Chain, p.server.Key)
	cmd.Env = append(cmd.Environ(), "PYTHONPATH=../bindings/python/src")
	output, status := testutil.Run(t, cmd, "")
	want := "plain_socket\nerrors\nselector\nstreams\nhttp_client\nurllib_request\nhttp_server\n"
	if status != 0 || output != want {
		t.Errorf("got status %d:\n%s\nwant\n%s", status, output, want)
	}
}

// TestPkgConfig installs, and compiles a program with what pkg-config says.
func TestPkgConfig(t *testing.T) {
	testutil.Require(t, testutil.Program("pkg-config"), testutil.Program("g++"))
	root, program := t.TempDir(), filepath.Join(t.TempDir(), "program.cc")
	install := exec.Command("make", "-C", "..", "install", "DESTDIR="+root, "PREFIX=/usr")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", install, err, out)
	}
	if err := os.WriteFile(program, []byte("#include <ssa.h>\nint main() { return IPPROTO_TLS == 205 ? 0 : 1; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := exec.Command("pkg-config", "--cflags", "ssa")
	flags.Env = append(flags.Environ(), "PKG_CONFIG_SYSROOT_DIR="+root, "PKG_CONFIG_LIBDIR="+root+"/usr/share/pkgconfig", "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1")
	cflags, err := flags.Output()
	if err != nil {
		t.Fatalf("%s: %v", flags, err)
	}
	words := append(strings.Fields(string(cflags)), "-std=c++17", "-Wall", "-Wextra", "-Werror", "-o", filepath.Join(root, "program"), program)
	if out, err := exec.Command("g++", words...).CombinedOutput(); err != nil {
		t.Errorf("g++ %v: %v\n%s", words, err, out)
	}
}
