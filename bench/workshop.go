package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/securesocketapi/ssa/internal/linux"
)

// workshop is what the measurements share: the programs, the certificates and a running peer.
type workshop struct {
	ctx context.Context
	out io.Writer
	dir string
	// peer is an OpenSSL server, port where it listens.
	peer *exec.Cmd
	port string
}

// peerName is the name in the peer's certificate.
const peerName = "localhost"

func newWorkshop(ctx context.Context, out io.Writer) (*workshop, error) {
	dir, err := filepath.Abs("bin/bench")
	if err != nil {
		return nil, err
	}
	w := &workshop{ctx: ctx, out: out, dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, step := range []func() error{w.copySSA, w.compile, w.certify, w.startPeer} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *workshop) close() {
	_ = linux.Killpg(w.peer.Process.Pid)
	_ = w.peer.Wait()
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
	for _, args := range [][]string{
		{"-o", w.path("client-ssa"), "bench/c/client.c", "bench/c/transport_ssa.c"},
		{"-o", w.path("client-openssl"), "bench/c/client.c", "bench/c/transport_openssl.c", "-lssl", "-lcrypto"},
		{"-o", w.path("peer"), "bench/c/peer.c", "-lssl", "-lcrypto"},
		{"-o", w.path("calls"), "bench/c/calls.c"},
	} {
		if err := w.command("gcc", append([]string{"-std=gnu17", "-O2", "-Wall", "-Wextra", "-pthread", "-Iinclude"}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// certify makes an authority and a certificate for the peer, both with ECDSA keys on P-256.
func (w *workshop) certify() error {
	key := []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"}
	names := w.path("names")
	if err := os.WriteFile(names, []byte("subjectAltName=DNS:"+peerName+"\n"), 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{
		append([]string{"req", "-x509", "-days", "2", "-subj", "/CN=bench CA", "-keyout", w.path("ca.key"), "-out", w.path("ca.pem")}, key...),
		append([]string{"req", "-subj", "/CN=" + peerName, "-keyout", w.path("peer.key"), "-out", w.path("peer.csr")}, key...),
		{
			"x509", "-req", "-days", "2", "-in", w.path("peer.csr"), "-CA", w.path("ca.pem"), "-CAkey", w.path("ca.key"),
			"-extfile", names, "-out", w.path("peer.pem"),
		},
	} {
		if err := w.command("openssl", args...); err != nil {
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

func (w *workshop) startPeer() error {
	w.peer = exec.Command(w.path("peer"), w.path("peer.pem"), w.path("peer.key"))
	w.peer.SysProcAttr = linux.Setpgid()
	w.peer.Stderr = os.Stderr
	out, err := w.peer.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.peer.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		w.close()
		return fmt.Errorf("start the peer: %w", err)
	}
	w.port = strings.TrimSpace(line)
	return nil
}

// A side is one of the two that are compared.
type side int

const (
	with side = iota
	without
)

// client is the command of a client of the peer on one side.
func (w *workshop) client(s side, args ...string) *exec.Cmd {
	words := append([]string{w.path("ca.pem"), peerName, w.port}, args...)
	if s == without {
		return exec.CommandContext(w.ctx, w.path("client-openssl"), words...)
	}
	return exec.CommandContext(w.ctx, w.path("ssa"), append([]string{"run", "--", w.path("client-ssa")}, words...)...)
}
