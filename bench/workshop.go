package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// workshop is what the measurements share: the programs, the certificates, the peers and the numbers.
type workshop struct {
	ctx     context.Context
	out     io.Writer
	dir     string
	results *results
	// ports are those of the peers by kind of key: "ecdsa" and "rsa".
	ports map[string]string
	// direct are the proxies to the peer with an ECDSA key, once they have been started.
	direct []side
	// started are the web servers by kind of key, once they have been started.
	started map[string][]webServer
	running []*exec.Cmd
}

// peerName is the name in the peers' certificates.
const peerName = "localhost"

// workDir is where the benchmark has its programs and certificates.
const workDir = "bin/bench"

// newWorkshop makes what all measurements need, in a folder that no other run uses meanwhile.
func newWorkshop(ctx context.Context, out io.Writer, folder string) (*workshop, error) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	w := &workshop{ctx: ctx, out: out, dir: dir, results: newResults(), ports: map[string]string{}, started: map[string][]webServer{}}
	if err := os.MkdirAll(filepath.Join(dir, "www"), 0o755); err != nil {
		return nil, err
	}
	for _, step := range []func() error{w.copySSA, w.compile, w.certify, w.startPeers, w.fillWWW} {
		if err := step(); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (w *workshop) close() {
	w.stopSince(0)
	w.removeGroups()
}

// stopSince ends what was started after there were so many.
func (w *workshop) stopSince(mark int) {
	for _, cmd := range w.running[mark:] {
		stop(cmd)
	}
	w.running = w.running[:mark]
}

// stop ends a process and what it has started.
func stop(cmd *exec.Cmd) {
	_ = linux.Killpg(cmd.Process.Pid)
	_ = cmd.Wait()
}

func (w *workshop) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workshop) say(format string, args ...any) { _, _ = fmt.Fprintf(w.out, format+"\n", args...) }

// copySSA gives the supervisor a file of its own, by which its processes are found.
func (w *workshop) copySSA() error {
	data, err := os.ReadFile("bin/ssa")
	if err != nil {
		return fmt.Errorf("run make build first: %w", err)
	}
	_ = os.Remove(w.path("ssa"))
	return os.WriteFile(w.path("ssa"), data, 0o755)
}

func (w *workshop) compile() error {
	w.say("building the programs")
	events, err := filepath.Glob("examples/ws-event/*.c")
	if err != nil {
		return err
	}
	sources := newest("bench/c/*", "examples/ws-event/*", "include/*", "bench/workshop.go")
	client := func(transport string, libraries ...string) []string {
		return append([]string{"-o", w.path("client-" + transport), "bench/c/client.c", "bench/c/transport_" + transport + ".c"}, libraries...)
	}
	const patient = "-DIDLE_SECONDS=3600"
	wrap := "-Wl"
	for _, call := range []string{"socket", "setsockopt", "accept4", "recv", "send", "sendfile", "close"} {
		wrap += ",--wrap=" + call
	}
	for _, args := range [][]string{
		client("ssa"), client("plain"), client("openssl", "-lssl", "-lcrypto"), client("gnutls", "-lgnutls"),
		{"-o", w.path("peer"), "bench/c/peer.c", "-lssl", "-lcrypto"},
		{"-o", w.path("look"), "bench/c/look.c", "-lssl", "-lcrypto"},
		{"-o", w.path("calls"), "bench/c/calls.c"},
		{"-o", w.path("spawn"), "bench/c/spawn.c"},
		append([]string{"-o", w.path("ws-event"), patient}, events...),
		append([]string{"-o", w.path("ws-openssl"), patient, "bench/c/ws_openssl.c", wrap, "-lssl", "-lcrypto"}, events...),
	} {
		if made(args[1], sources) {
			continue
		}
		if err := w.command("gcc", append([]string{"-std=gnu17", "-O2", "-Wall", "-Wextra", "-pthread", "-Iinclude"}, args...)...); err != nil {
			return err
		}
	}
	return w.command("go", "build", "-o", w.path("client-go"), "./bench/goclient")
}

// made says whether a file is younger than its sources.
func made(path string, sources time.Time) bool {
	about, err := os.Stat(path)
	return err == nil && about.ModTime().After(sources)
}

// newest is when the latest of some files was changed.
func newest(patterns ...string) time.Time {
	var latest time.Time
	for _, pattern := range patterns {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if about, err := os.Stat(file); err == nil && about.ModTime().After(latest) {
				latest = about.ModTime()
			}
		}
	}
	return latest
}

// certify makes an authority and a certificate for the peers with each kind of key.
func (w *workshop) certify() error {
	kinds := map[string][]string{
		"ecdsa": {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"},
		"rsa":   {"-newkey", "rsa:2048"},
	}
	names := w.path("names")
	if err := os.WriteFile(names, []byte("subjectAltName=DNS:"+peerName+"\n"), 0o600); err != nil {
		return err
	}
	ca := []string{"req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=bench CA", "-keyout", w.path("ca.key"), "-out", w.path("ca.pem")}
	if err := w.command("openssl", append(ca, kinds["ecdsa"]...)...); err != nil {
		return err
	}
	for kind, key := range kinds {
		request := []string{"req", "-nodes", "-subj", "/CN=" + peerName, "-keyout", w.path(kind + ".key"), "-out", w.path(kind + ".csr")}
		err := errors.Join(w.command("openssl", append(request, key...)...),
			w.command("openssl", "x509", "-req", "-days", "2", "-in", w.path(kind+".csr"), "-CA", w.path("ca.pem"),
				"-CAkey", w.path("ca.key"), "-extfile", names, "-out", w.path(kind+".pem")),
			w.command("sh", "-c", `umask 077; cat "$0" "$1" >"$2"`, w.path(kind+".pem"), w.path(kind+".key"), w.path("both-"+kind+".pem")))
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *workshop) command(name string, args ...string) error {
	cmd := exec.CommandContext(w.ctx, name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// many is a command with room for the descriptors of ten thousand connections.
func many(command ...string) []string {
	return append([]string{"sh", "-c", `(ulimit -n 100000) 2>/dev/null && ulimit -n 100000 || ulimit -n "$(ulimit -Hn)"; exec "$@"`, "sh"}, command...)
}

func (w *workshop) startPeers() error {
	for _, kind := range []string{"ecdsa", "rsa"} {
		port, err := w.peer(many(w.path("peer"), w.path(kind+".pem"), w.path(kind+".key"))...)
		if err != nil {
			return err
		}
		w.ports[kind] = port
	}
	return nil
}

// peer starts a peer and gives its port.
func (w *workshop) peer(command ...string) (string, error) {
	out, err := w.background(command...)
	if err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("start the peer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// background starts a process that lives as long as the workshop.
func (w *workshop) background(command ...string) (io.Reader, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.SysProcAttr = linux.Setpgid()
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w.running = append(w.running, cmd)
	return out, nil
}

// fillWWW makes what web servers serve.
func (w *workshop) fillWWW() error {
	for _, size := range []int64{1, 1024, figureBytes, peersBytes} {
		if err := w.fillFile(size); err != nil {
			return err
		}
	}
	return os.WriteFile(w.path("www/1k.txt"), []byte(strings.Repeat("0123456789abcdef", 64)), 0o644)
}

// fillFile makes a file that is called by its size.
func (w *workshop) fillFile(size int64) error {
	f, err := os.Create(w.path(fmt.Sprintf("www/%d.bin", size)))
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// freePort finds a port that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// startTime bounds how long a server may take to listen.
const startTime = 10 * time.Second

// awaitPort waits until somebody listens.
func (w *workshop) awaitPort(port string) error {
	ctx, cancel := context.WithTimeout(w.ctx, startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("tcp4", "127.0.0.1:"+port)
		if err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("nobody listens on port %s: %w", port, err)
		}
	}
}

// sample runs a program that writes one number a line, and scales the numbers.
func (w *workshop) sample(scale float64, command ...string) ([]float64, error) {
	cmd := exec.CommandContext(w.ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd, err)
	}
	var numbers []float64
	for line := range strings.Lines(string(out)) {
		n, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cmd, err)
		}
		numbers = append(numbers, n*scale)
	}
	return numbers, nil
}
