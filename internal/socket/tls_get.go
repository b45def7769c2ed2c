package socket

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// GetTLS carries getsockopt(2) out at level IPPROTO_TLS and returns the whole value, text with its NUL.
func (h *Handle) GetTLS(ctx context.Context, o abi.Option) ([]byte, error) {
	info, known := abi.Lookup(o)
	if !known || info.Get == abi.Never {
		return nil, fmt.Errorf("get %s: there is no such option at level IPPROTO_TLS, or it can only be set: %w", o, linux.ENOPROTOOPT)
	}
	if o == abi.TLSError {
		return text(h.errorText()), nil
	}
	if err := h.consult(ctx); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state&info.Get == 0 {
		return nil, fmt.Errorf("get %s on a socket that is not connected: %w", info.Name, linux.ENOTCONN)
	}
	return h.report(o), nil
}

// consult asks the service what is in force for a socket on which no option has been set.
func (h *Handle) consult(ctx context.Context) error {
	h.setting.Lock()
	defer h.setting.Unlock()
	h.mu.Lock()
	known, request := h.effective != nil, h.request.Clone()
	h.mu.Unlock()
	if known {
		return nil
	}
	e, err := h.table.service.Admit(ctx, h.app, request)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.effective = &e
	return nil
}

func (h *Handle) errorText() string {
	err := h.Err()
	if err == nil {
		return ""
	}
	return err.Error()
}

// report is the value of an option that may be read in this state. s.mu is held.
func (s *Socket) report(o abi.Option) []byte {
	switch o {
	case abi.TLSRemoteHostname:
		return text(cmp.Or(s.request.RemoteHostname, s.host))
	case abi.TLSHostname:
		return text(s.hostname())
	case abi.TLSCertificateChain:
		return text(string(s.effective.Chain))
	case abi.TLSSessionTTL:
		return integer(s.effective.SessionTTL)
	case abi.TLSID:
		return binary.NativeEndian.AppendUint64(nil, s.id)
	case abi.TLSTrustedCiphers:
		return text(strings.Join(s.effective.Ciphers, ":"))
	case abi.TLSSessionReuse:
		return boolean(s.effective.SessionReuse)
	case abi.TLSVersionMin:
		return integer(int(s.effective.VersionMin))
	case abi.TLSVersionMax:
		return integer(int(s.effective.VersionMax))
	}
	return s.reportConnection(o)
}

// reportConnection is what the handshake established. s.mu is held.
func (s *Socket) reportConnection(o abi.Option) []byte {
	switch o {
	case abi.TLSALPN:
		return text(s.info.ALPN)
	case abi.TLSPeerIdentity:
		return text(s.info.PeerIdentity)
	case abi.TLSPeerCertificateChain:
		return text(string(s.info.PeerChain))
	case abi.TLSChosenCipher:
		return text(s.info.Cipher)
	case abi.TLSResumedSession:
		return boolean(s.info.Resumed)
	case abi.TLSChosenVersion:
		return integer(int(s.info.Version))
	}
	return nil
}

// hostname is the name the client asked for, or on a socket that is not connected the names to be served.
func (s *Socket) hostname() string {
	if s.state == abi.Connected {
		return s.info.ServerName
	}
	return strings.Join(s.request.Hostnames, ",")
}

func text(s string) []byte { return append([]byte(s), 0) }

func integer(n int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(n)) }

func boolean(b bool) []byte {
	if b {
		return integer(1)
	}
	return integer(0)
}
