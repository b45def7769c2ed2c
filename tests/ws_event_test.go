package tests

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// A site is a folder that ws-event serves.
type site struct {
	dir string
	big [sha256.Size]byte
}

func newSite(t *testing.T) site {
	t.Helper()
	dir, big := t.TempDir(), make([]byte, 8<<20)
	_, _ = rand.Read(big)
	for name, data := range map[string][]byte{
		"index.html": []byte("the index"), "big.bin": big, "sub/index.html": []byte("below"), "empty.txt": nil, "a b.txt": []byte("spaces"),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "outside")); err != nil {
		t.Fatal(err)
	}
	return site{dir, sha256.Sum256(big)}
}

var buildWSEvent = sync.OnceValue(func() built {
	return build("ws-event", nil, "sh", "-c", "gcc -std=gnu17 -O2 -Wall -Wextra -Wpedantic -Werror -Iinclude -o OUT examples/ws-event/*.c")
})

// startWSEvent serves a site, over HTTPS when there is a certificate.
func startWSEvent(t *testing.T, s site, c *testutil.Certificate) *testutil.Server {
	t.Helper()
	testutil.Require(t, testutil.Program("gcc"))
	words := []string{must(t, buildWSEvent()), "-a", "127.0.0.1", "-p", "0"}
	cmd := exec.Command(words[0], append(words[1:], s.dir)...)
	if c != nil {
		cmd = ssaRun(t, append(words, "-c", c.Chain, "-k", c.Key, s.dir)...)
	}
	p := testutil.Start(t, cmd)
	return &testutil.Server{Process: p, Addr: loopbackAddr(t, p.WaitOutput(`on port (\d+),`)[1])}
}

// TestWSEvent fetches over HTTP and over HTTPS from the same program.
func TestWSEvent(t *testing.T) {
	site, p := newSite(t), newPKI(t)
	for scheme, certificate := range map[string]*testutil.Certificate{"http": nil, "https": &p.server} {
		t.Run("ok "+scheme, func(t *testing.T) {
			t.Parallel()
			s := startWSEvent(t, site, certificate)
			url := scheme + "://localhost:" + s.Port()
			curl := func(args ...string) string {
				args = append([]string{"-s", "--path-as-is", "--cacert", p.ca.Path, "--max-time", "60"}, args...)
				out, err := exec.Command("curl", args...).Output()
				if err != nil {
					t.Errorf("curl %v: %v", args, err)
				}
				return string(out)
			}
			const status = " %{http_code} %{num_connects}\n"
			got := curl("-w", status, url+"/", url+"/sub", url+"/sub/?q", url+"/empty.txt", url+"/a%20b.txt", "-w", status)
			if want := "the index 200 1\nbelow 200 0\nbelow 200 0\n 200 0\nspaces 200 0\n"; got != want {
				t.Errorf("over one connection: got %q, want %q", got, want)
			}
			for path, want := range map[string]string{
				"/none": "404", "/../etc/passwd": "403", "/%2e%2e/etc/passwd": "403", "/outside": "403", "/%zz": "400", "/%00": "400",
			} {
				if got := curl("-o", "/dev/null", "-w", "%{http_code}", url+path); got != want {
					t.Errorf("%s: got %s, want %s", path, got, want)
				}
			}
			if got := curl("-I", url+"/big.bin"); !strings.Contains(got, "Content-Length: 8388608\r\n") {
				t.Errorf("HEAD: %q", got)
			}
			if got := curl("-d", "x", "-o", "/dev/null", "-w", "%{http_code}", url+"/"); got != "501" {
				t.Errorf("POST: got %s", got)
			}
			// Two that are served at once, one of them slow.
			var slow bytes.Buffer
			cmd := exec.Command("curl", "-s", "--cacert", p.ca.Path, "--limit-rate", "16M", url+"/big.bin")
			cmd.Stdout = &slow
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if fast := curl(url + "/big.bin"); sha256.Sum256([]byte(fast)) != site.big {
				t.Errorf("the large file differs: %d bytes", len(fast))
			}
			if err := cmd.Wait(); err != nil || sha256.Sum256(slow.Bytes()) != site.big {
				t.Errorf("the large file differs when it is read slowly: %d bytes, %v", slow.Len(), err)
			}
		})
	}
}

// TestWSEventPipelines sends requests in one piece, a bad one last, and in pieces.
func TestWSEventPipelines(t *testing.T) {
	s := startWSEvent(t, newSite(t), nil)
	for name, row := range map[string]struct {
		pieces []string
		want   string
	}{
		"ok pipelined":   {[]string{"GET / HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n"}, "200 404 200"},
		"ok in pieces":   {[]string{"GE", "T / HT", "TP/1.0\r", "\n\r\n"}, "200"},
		"bad version":    {[]string{"GET / HTTP/3.0\r\n\r\nGET / HTTP/1.1\r\n\r\n"}, "505"},
		"bad body":       {[]string{"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"}, "413"},
		"bad long":       {[]string{"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 9000)}, "431"},
		"bad empty line": {[]string{"\r\n\r\n"}, "505"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", s.Addr.String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			for _, piece := range row.pieces {
				if _, err := io.WriteString(c, piece); err != nil {
					t.Fatal(err)
				}
			}
			text, _ := io.ReadAll(c) // what was not read makes the end of it a reset
			var got []string
			for _, line := range regexp.MustCompile(`HTTP/1\.1 (\d+) `).FindAllStringSubmatch(string(text), -1) {
				got = append(got, line[1])
			}
			if strings.Join(got, " ") != row.want {
				t.Errorf("got %v, want %s, in\n%s", got, row.want, text)
			}
		})
	}
}

// TestWSEventManyClients keeps several hundred connections busy at once.
func TestWSEventManyClients(t *testing.T) {
	testutil.Require(t, testutil.Program("h2load"))
	p := newPKI(t)
	s := startWSEvent(t, newSite(t), &p.server)
	out, err := exec.Command("h2load", "--h1", "-n", "4000", "-c", "400", "-T", "30", "-N", "30", "https://127.0.0.1:"+s.Port()+"/").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "4000 succeeded, 0 failed, 0 errored") {
		t.Errorf("h2load: %v\n%s", err, out)
	}
}
