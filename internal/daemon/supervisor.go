// Package daemon wires the packages of a role together. It decides nothing itself.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/syscalls"
)

// Bounds of one supervised tree.
const (
	// socketsMax bounds its TLS sockets.
	socketsMax = 1 << 16
	// drainTime bounds how long what programs wrote before they ended may take to reach the peers.
	drainTime = time.Minute
)

// Supervise answers the trapped calls of a tree with an embedded service, until the last process of the tree
// has ended and what it wrote has been sent.
func Supervise(fd linux.FD, log *slog.Logger) (err error) {
	arch, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return fmt.Errorf("the system calls of %s are not known", runtime.GOARCH)
	}
	calls := seccomp.NewListener(fd, arch)
	defer calls.Close()
	dir, err := runtimeDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	svc := service.New(service.Config{Logger: log})
	table, err := socket.NewTable(socket.Config{Service: svc, Dir: dir, Max: socketsMax, Logger: log})
	if err != nil {
		return err
	}
	return errors.Join(serve(calls, table, log), drain(svc))
}

// serve runs until the tree is gone.
func serve(calls *seccomp.Listener, table *socket.Table, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(context.Background())
	watching := make(chan error, 1)
	go func() { watching <- table.Run(ctx) }()
	server := syscalls.NewServer(ctx, table, log)
	err := calls.Serve(func(n *seccomp.Notification) { server.Handle(n.Call, syscalls.NewCaller(n)) })
	cancel()
	server.Wait()
	return errors.Join(err, <-watching, table.Close())
}

func drain(svc *service.Service) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return svc.Close(ctx)
}

// runtimeDir makes a directory only this process's user can enter, on a file system that forgets.
func runtimeDir() (string, error) {
	var tried []error
	for _, base := range []string{os.Getenv("XDG_RUNTIME_DIR"), "/run/user/" + strconv.Itoa(os.Getuid()), "/run", "/dev/shm", os.TempDir()} {
		if base == "" || !filepath.IsAbs(base) {
			continue
		}
		dir, err := os.MkdirTemp(base, "ssa-")
		if err == nil {
			return dir, nil
		}
		tried = append(tried, err)
	}
	return "", fmt.Errorf("make a directory for sockets: %w", errors.Join(tried...))
}
