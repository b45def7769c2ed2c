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
	read := reporters()[o]
	if !known || read == nil && o != abi.TLSError {
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
	return read(h.Socket), nil
}

// consult asks the service what is in force for a socket on which no option has been set.
func (h *Handle) consult(ctx context.Context) error {
	h.setting.Lock()
	defer h.setting.Unlock()
	h.mu.Lock()
	known, request := h.asked.effective != nil, h.asked.request.Clone()
	h.mu.Unlock()
	if known {
		return nil
	}
	request.ID = h.id
	e, err := h.table.service.Admit(ctx, h.app.Value(), request)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = &asked{h.asked.request, &e}
	return nil
}

func (h *Handle) errorText() string {
	err := h.Err()
	if err == nil {
		return ""
	}
	return err.Error()
}

// reporter reads the value of an option from a socket whose mu is held.
type reporter func(*Socket) []byte

// reporters are the options that can be read, but for TLS_ERROR.
func reporters() map[abi.Option]reporter {
	return map[abi.Option]reporter{
		abi.TLSRemoteHostname:       func(s *Socket) []byte { return text(cmp.Or(s.asked.request.RemoteHostname, s.host)) },
		abi.TLSHostname:             func(s *Socket) []byte { return text(s.hostname()) },
		abi.TLSCertificateChain:     func(s *Socket) []byte { return text(string(s.asked.effective.Chain)) },
		abi.TLSALPN:                 func(s *Socket) []byte { return text(s.info.ALPN) },
		abi.TLSSessionTTL:           func(s *Socket) []byte { return integer(s.asked.effective.SessionTTL) },
		abi.TLSPeerIdentity:         func(s *Socket) []byte { return text(s.info.Peer.Identity()) },
		abi.TLSPeerCertificateChain: func(s *Socket) []byte { return text(s.info.Peer.Chain()) },
		abi.TLSID:                   func(s *Socket) []byte { return binary.NativeEndian.AppendUint64(nil, s.id) },
		abi.TLSTrustedCiphers:       func(s *Socket) []byte { return text(strings.Join(s.asked.effective.Ciphers, ":")) },
		abi.TLSChosenCipher:         func(s *Socket) []byte { return text(s.info.Cipher) },
		abi.TLSRevocationChecks:     check(abi.CheckRevocation),
		abi.TLSOCSPStapledChecks:    check(abi.CheckStapled),
		abi.TLSOCSPChecks:           check(abi.CheckOCSP),
		abi.TLSCRLChecks:            check(abi.CheckCRL),
		abi.TLSCachedRevChecks:      check(abi.CheckCached),
		abi.TLSServerOCSPStapling:   check(abi.StapleOwn),
		abi.TLSSessionReuse:         func(s *Socket) []byte { return boolean(s.asked.effective.SessionReuse) },
		abi.TLSResumedSession:       func(s *Socket) []byte { return boolean(s.info.Resumed) },
		abi.TLSVersionMin:           func(s *Socket) []byte { return integer(int(s.asked.effective.VersionMin)) },
		abi.TLSVersionMax:           func(s *Socket) []byte { return integer(int(s.asked.effective.VersionMax)) },
		abi.TLSChosenVersion:        func(s *Socket) []byte { return integer(int(s.info.Version)) },
		abi.TLSCoerce:               func(s *Socket) []byte { return text(s.asked.effective.Coerce) },
	}
}

// hostname is the name the client asked for, or on a socket that is not connected the names to be served.
func (s *Socket) hostname() string {
	if s.state == abi.Connected {
		return s.info.ServerName
	}
	return strings.Join(s.asked.request.Hostnames, ",")
}

// check reports whether a check is on.
func check(c abi.Checks) reporter {
	return func(s *Socket) []byte { return boolean(s.asked.effective.Checks&c != 0) }
}

func text(s string) []byte { return append([]byte(s), 0) }

func integer(n int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(n)) }

func boolean(b bool) []byte {
	if b {
		return integer(1)
	}
	return integer(0)
}
