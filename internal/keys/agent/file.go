package agent

import (
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
)

// openKey reads a key from a file that the policy names.
func (h *holder) openKey(c *rpc.Call) (any, error) {
	text, err := h.read(c)
	if err != nil {
		return nil, err
	}
	return h.hold(text)
}

// chain copies the certificates of a file, and nothing else in it, to a memory file.
func (h *holder) chain(c *rpc.Call) (any, error) {
	out := c.FD()
	defer func() { _ = out.Close() }()
	text, err := h.read(c)
	if err != nil {
		return nil, err
	}
	certificates, hasKey := certificatesOf(text)
	if err := linux.WriteMemoryFile(out, certificates); err != nil {
		return nil, err
	}
	return chainResult{Size: len(certificates), Key: hasKey}, nil
}

// certificatesOf picks the certificates out of PEM.
func certificatesOf(text []byte) (certificates []byte, hasKey bool) {
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return certificates, hasKey
		}
		if b.Type == "CERTIFICATE" {
			certificates = append(certificates, pem.EncodeToMemory(&pem.Block{Type: b.Type, Bytes: b.Bytes})...)
		}
		hasKey = hasKey || strings.HasSuffix(b.Type, "PRIVATE KEY")
	}
}

// stamp tells two versions of a file apart: the client may not be able to look at it.
func (h *holder) stamp(c *rpc.Call) (any, error) {
	in, err := h.which(c)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(in.Path)
	if err != nil {
		return nil, err
	}
	return linux.FileStamp(info), nil
}

// which is the file a call is about. Whoever has taken over the client is not to use every key of the machine.
func (h *holder) which(c *rpc.Call) (in openCall, err error) {
	if err := c.Decode(&in); err != nil {
		return in, err
	}
	if h.named == nil || !h.named(in.Path) {
		return in, abi.Failf(abi.Forbidden, "open %q: the policy does not name the file", in.Path)
	}
	return in, nil
}

func (h *holder) read(c *rpc.Call) ([]byte, error) {
	in, err := h.which(c)
	if err != nil {
		return nil, err
	}
	f, err := h.open(in.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, abi.ValueMax+1))
	if err == nil && len(text) > abi.ValueMax {
		err = fmt.Errorf("%s is larger than %d bytes", in.Path, abi.ValueMax)
	}
	return text, err
}
