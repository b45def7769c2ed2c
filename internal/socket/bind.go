package socket

import (
	"errors"
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Bind gives the real TCP socket an address in the kernel's form, with the program's rights. From then on the
// end of the socket is noticed at once, so that its port is free when the program has closed it.
func (h *Handle) Bind(addr []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state != abi.Fresh || h.bound != nil {
		return fmt.Errorf("bind to %s a socket that is bound or in use already: %w", describe(addr), linux.EINVAL)
	}
	id, err := h.Task.Identity()
	if err != nil {
		return err
	}
	defer id.Close()
	external, err := h.fresh(id)
	if err != nil {
		return err
	}
	if err := h.bindFree(id, external, addr); err != nil {
		return fmt.Errorf("bind to %s: %w", describe(addr), err)
	}
	if err := h.follow(); err != nil {
		external.Close()
		h.external = linux.NoFD
		return err
	}
	h.bound = addr
	return nil
}

// bindFree binds, and when the address is in use once more after a look whether it was in use by a socket that
// the program has just closed.
func (h *Handle) bindFree(id *linux.Identity, external linux.FD, addr []byte) error {
	err := bindTCP(id, external, addr)
	if !errors.Is(err, linux.EADDRINUSE) {
		return err
	}
	if n, sweep := h.table.Sweep(); n == 0 || sweep != nil {
		return err
	}
	return bindTCP(id, external, addr)
}

// follow has the watcher tell when the program closes the socket. h.mu is held.
func (h *Handle) follow() error {
	if h.ref != linux.NoFD {
		return nil
	}
	s := h.Socket
	ref, err := h.table.watch.bind(h.Local, func() { h.table.work.Go(func() { s.table.drop(s) }) })
	if err != nil {
		return err
	}
	h.ref = ref
	s.tighten()
	return nil
}

// describe writes an address for an error.
func describe(addr []byte) string {
	if a, ok := ParseInet(addr); ok {
		return a.String()
	}
	return fmt.Sprintf("an address of family %d and %d bytes", Family(addr), len(addr))
}
