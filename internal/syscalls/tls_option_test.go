package syscalls_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

// values are, for each option that can be set, some that are accepted.
func values() map[abi.Option][][]byte {
	text := func(list ...string) (all [][]byte) {
		for _, s := range list {
			all = append(all, []byte(s), []byte(s+"\x00"))
		}
		return all
	}
	ints := func(list ...int) (all [][]byte) {
		for _, n := range list {
			all = append(all, int32s(n), binary.NativeEndian.AppendUint64(nil, uint64(n)))
		}
		return all
	}
	return map[abi.Option][][]byte{
		abi.TLSRemoteHostname:          text("a.test", "A.test.", "xn--bcher-kva.test", "192.0.2.1", "2001:db8::1", "_srv.a.test"),
		abi.TLSHostname:                text("a.test", "a.test,*.b.test", "A.test"),
		abi.TLSTrustedPeerCertificates: text(chainPEM),
		abi.TLSCertificateChain:        text(chainPEM, chainPEM+chainPEM),
		abi.TLSPrivateKey:              text(keyPEM),
		abi.TLSALPN:                    text("h2", "h2,http/1.1"),
		abi.TLSSessionTTL:              ints(0, 1, abi.SessionTTLMax),
		abi.TLSDisableCipher:           text("TLS_AES_128_GCM_SHA256"),
		abi.TLSRequestPeerAuth:         ints(0, 1, 2),
		abi.TLSTrustedCiphers:          text("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"),
		abi.TLSRevocationChecks:        ints(0, 1),
		abi.TLSOCSPStapledChecks:       ints(0, 1),
		abi.TLSOCSPChecks:              ints(0, 1),
		abi.TLSCRLChecks:               ints(0, 1),
		abi.TLSCachedRevChecks:         ints(0, 1),
		abi.TLSServerOCSPStapling:      ints(0, 1),
		abi.TLSSessionReuse:            ints(0, 1),
		abi.TLSVersionMin:              ints(0x0303, 0x0304),
		abi.TLSVersionMax:              ints(0x0303, 0x0304),
		abi.TLSCoerce:                  text("SSL_export_keying_material"),
	}
}

// mistakes are values that are refused with EINVAL.
func mistakes() map[abi.Option][]string {
	number := func(list ...int) (all []string) {
		for _, n := range list {
			all = append(all, string(int32s(n)))
		}
		return append(all, "", "\x01", "\x01\x00\x00", "12345", "1234567", "\xff\xff\xff\xff\xff\xff\xff\x7f")
	}
	long := strings.Repeat("a", 64)
	return map[abi.Option][]string{
		abi.TLSRemoteHostname:          {"", "\x00", "a b", "a\x00b", "a\x00\x00", "a..b", ".a", long, strings.Repeat("a.", 127), "a/b", "b\xc3\xbccher.test", "\xff", "*.a.test"},
		abi.TLSHostname:                {"", "a.test,", ",a.test", "a,,b", "*.*.a", "a.*", "a b"},
		abi.TLSTrustedPeerCertificates: {"", "\x00", "/a\x00b", "not PEM\nat all"},
		abi.TLSCertificateChain:        {"", "\x00", "one\ntwo"},
		abi.TLSPrivateKey:              {"", "\x00", "one\ntwo"},
		abi.TLSALPN:                    {"", ",", "h2,", strings.Repeat("x", 256), strings.Repeat("x,", abi.ALPNMax) + "x", "h\x00" + "2"},
		abi.TLSSessionTTL:              number(-1, abi.SessionTTLMax+1, math.MinInt32),
		abi.TLSDisableCipher:           {"", "\x00", "a\x00b"},
		abi.TLSRequestPeerAuth:         number(-1, 3, 1<<20),
		abi.TLSTrustedCiphers:          {"", ":", "a:", "a::b", strings.Repeat("a:", 64) + "a"},
		abi.TLSRevocationChecks:        number(-1, 2),
		abi.TLSOCSPStapledChecks:       number(-1, 2),
		abi.TLSOCSPChecks:              number(-1, 2),
		abi.TLSCRLChecks:               number(-1, 2),
		abi.TLSCachedRevChecks:         number(-1, 2),
		abi.TLSServerOCSPStapling:      number(-1, 2),
		abi.TLSSessionReuse:            number(-1, 2),
		abi.TLSVersionMin:              number(-1, 0, 0x0300, 0x0305, 0x10303),
		abi.TLSVersionMax:              number(-1, 0, 0x0300, 0x0305, 0x10303),
		abi.TLSCoerce:                  {"", "\x00", "a b", "a\x00b", "a\n", strings.Repeat("a", 129)},
	}
}

// credentialed makes a socket on which a key can be set.
func (w *world) credentialed(t *testing.T) int64 {
	t.Helper()
	fd := w.tls(t, 0)
	want(t, "set TLS_CERTIFICATE_CHAIN", w.setTLS(t, fd, abi.TLSCertificateChain, chainPEM), 0)
	return fd
}

func TestEveryOptionIsSet(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for _, prompt := range []bool{false, true} {
			w.service.prompted(prompt)
			w.setEveryOption(t)
		}
	})
}

func (w *world) setEveryOption(t *testing.T) {
	t.Helper()
	all := values()
	for _, info := range abi.Options() {
		fd := w.credentialed(t)
		if info.Set == abi.Never {
			for _, value := range []string{"", "a.test", "\x01\x00\x00\x00", chainPEM} {
				want(t, "set "+info.Name, w.setTLS(t, fd, info.Option, value), linux.ENOPROTOOPT)
			}
		} else if len(all[info.Option]) == 0 {
			t.Errorf("no value of %s is tested", info.Name)
		}
		for _, value := range all[info.Option] {
			want(t, "set "+info.Name+" to "+string(value), w.setTLS(t, fd, info.Option, string(value)), 0)
		}
		w.close(t, fd)
		if _, err := w.table.Sweep(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBadValues(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.credentialed(t)
		for option, list := range mistakes() {
			for _, value := range list {
				want(t, "set "+option.String()+" to "+value, w.setTLS(t, fd, option, value), linux.EINVAL)
				if got := w.text(t, fd, abi.TLSError); !strings.Contains(got, option.String()) {
					t.Errorf("TLS_ERROR after %s to %q: %q does not name the option", option, value, got)
				}
			}
		}
	})
}

func TestUnknownOptions(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		for _, o := range []int{0, 1, 84, 99, 101, 107, 110, 114, 121, 123, 129, 255, math.MaxInt32, -1} {
			want(t, "set an unknown option", w.set(t, fd, abi.ProtoTLS, o, int32s(1)), linux.ENOPROTOOPT)
			_, _, errno := w.get(t, fd, abi.ProtoTLS, o, 64)
			want(t, "get an unknown option", errno, linux.ENOPROTOOPT)
		}
	})
}

func TestSetOptionArguments(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		value := w.store(t, []byte("a.test"))
		for _, row := range []struct {
			name       string
			value, len uint64
			want       linux.Errno
		}{
			{"bad NULL", 0, 6, linux.EFAULT},
			{"bad wild pointer", wild, 6, linux.EFAULT},
			{"bad end beyond what is mapped", w.edge(t, []byte("a.test")), 7, linux.EFAULT},
			{"bad length 0", value, 0, linux.EINVAL},
			{"bad NULL of length 0", 0, 0, linux.EINVAL},
			{"bad length -1", value, minus(1), linux.EINVAL},
			{"bad length 2^31", value, 1 << 31, linux.EINVAL},
			{"bad length 2^31-1", value, math.MaxInt32, linux.EINVAL},
			{"bad length beyond the bound", value, abi.ValueMax + 1, linux.EINVAL},
			{"ok at the end of what is mapped", w.edge(t, []byte("a.test")), 6, 0},
			{"ok high words of the length do not count", value, 1<<32 | 6, 0},
		} {
			got := w.call(t, seccomp.Setsockopt, uint64(fd), abi.ProtoTLS, uint64(abi.TLSRemoteHostname), row.value, row.len).errno
			want(t, row.name, got, row.want)
			if got != 0 && w.text(t, fd, abi.TLSError) == "" {
				t.Errorf("%s: TLS_ERROR is empty", row.name)
			}
		}
	})
}

// readings are the values of a connected socket.
func readings() map[abi.Option][]byte {
	return map[abi.Option][]byte{
		abi.TLSRemoteHostname:       []byte("a.test\x00"),
		abi.TLSHostname:             []byte("a.test\x00"),
		abi.TLSCertificateChain:     []byte(chainPEM + "\x00"),
		abi.TLSALPN:                 []byte("h2\x00"),
		abi.TLSSessionTTL:           int32s(17),
		abi.TLSPeerIdentity:         []byte("CN=peer\x00"),
		abi.TLSPeerCertificateChain: []byte("-----BEGIN CERTIFICATE-----\n\x00"),
		abi.TLSTrustedCiphers:       []byte("TLS_AES_128_GCM_SHA256\x00"),
		abi.TLSChosenCipher:         []byte("TLS_AES_128_GCM_SHA256\x00"),
		abi.TLSError:                {0},
		abi.TLSRevocationChecks:     int32s(1),
		abi.TLSOCSPStapledChecks:    int32s(0),
		abi.TLSOCSPChecks:           int32s(0),
		abi.TLSCRLChecks:            int32s(1),
		abi.TLSCachedRevChecks:      int32s(0),
		abi.TLSServerOCSPStapling:   int32s(0),
		abi.TLSSessionReuse:         int32s(0),
		abi.TLSResumedSession:       int32s(1),
		abi.TLSVersionMin:           int32s(0x0303),
		abi.TLSVersionMax:           int32s(0x0304),
		abi.TLSChosenVersion:        int32s(0x0304),
		abi.TLSCoerce:               []byte("no\x00"),
	}
}

// connected makes a connected socket with some options set.
func (w *world) connected(t *testing.T) int64 {
	t.Helper()
	fd := w.tls(t, 0)
	for option, value := range map[abi.Option]string{
		abi.TLSRemoteHostname: "a.test", abi.TLSCertificateChain: chainPEM + keyPEM, abi.TLSSessionTTL: string(int32s(17)),
		abi.TLSSessionReuse: string(int32s(0)), abi.TLSTrustedCiphers: "TLS_AES_128_GCM_SHA256",
		abi.TLSRevocationChecks: string(int32s(1)), abi.TLSCRLChecks: string(int32s(1)), abi.TLSOCSPChecks: string(int32s(0)),
	} {
		want(t, "set "+option.String(), w.setTLS(t, fd, option, value), 0)
	}
	want(t, "connect", w.connect(t, fd, peer(t)), 0)
	return fd
}

func TestEveryOptionIsRead(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.connected(t)
		all := readings()
		all[abi.TLSCertificateChain] = []byte(chainPEM + keyPEM + "\x00") // what the fake service makes of it
		id := binary.NativeEndian.AppendUint64(nil, w.service.lastDial(t).ID)
		all[abi.TLSID] = id
		for _, info := range abi.Options() {
			if info.Get == abi.Never {
				continue
			}
			value, needed, errno := w.get(t, fd, abi.ProtoTLS, int(info.Option), 1024)
			want(t, "get "+info.Name, errno, 0)
			if wanted := all[info.Option]; !bytes.Equal(value, wanted) || needed != len(wanted) {
				t.Errorf("get %s (-want +got):\n-%q\n+%q", info.Name, wanted, value)
			}
		}
	})
}

func TestSecretsAreNotRead(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for _, fd := range []int64{w.tls(t, 0), w.connected(t)} {
			for _, info := range abi.Options() {
				if info.Get == abi.Never {
					_, _, errno := w.get(t, fd, abi.ProtoTLS, int(info.Option), 1024)
					want(t, "get "+info.Name, errno, linux.ENOPROTOOPT)
				}
			}
		}
	})
}

// TestShortBuffersGetSomeOfAnError reads TLS_ERROR into less than it needs, as Perl and Ruby do.
func TestShortBuffersGetSomeOfAnError(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		want(t, "set a bad value", w.setTLS(t, fd, abi.TLSALPN, "h\u00fc,"), linux.EINVAL)
		whole := w.text(t, fd, abi.TLSError)
		for room := 1; room <= len(whole); room++ {
			value, size, errno := w.get(t, fd, abi.ProtoTLS, int(abi.TLSError), room)
			want(t, "get TLS_ERROR into a short buffer", errno, 0)
			text, terminated := strings.CutSuffix(string(value), "\x00")
			if !terminated || size > room || size < room-1 || !strings.HasPrefix(whole, text) || !utf8.ValidString(text) {
				t.Errorf("of %q, into %d bytes: got %q, length %d", whole, room, value, size)
			}
		}
		_, needed, errno := w.get(t, fd, abi.ProtoTLS, int(abi.TLSError), 0)
		want(t, "get TLS_ERROR into nothing", errno, linux.ERANGE)
		if needed != len(whole)+1 {
			t.Errorf("length reported %d, want %d", needed, len(whole)+1)
		}
	})
}

func TestShortBuffersGetNothing(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.connected(t)
		for _, info := range abi.Options() {
			if info.Get == abi.Never || info.Option == abi.TLSError {
				continue
			}
			whole, needed, _ := w.get(t, fd, abi.ProtoTLS, int(info.Option), 1024)
			for _, room := range []int{0, needed - 1} {
				value, reported, errno := w.get(t, fd, abi.ProtoTLS, int(info.Option), room)
				want(t, "get "+info.Name+" into a short buffer", errno, linux.ERANGE)
				if reported != needed {
					t.Errorf("get %s: length reported %d, want %d", info.Name, reported, needed)
				}
				if bytes.ContainsFunc(value, func(r rune) bool { return r != 0xee && r != 0xfffd }) {
					t.Errorf("get %s into a short buffer wrote %q", info.Name, value)
				}
			}
			value, _, errno := w.get(t, fd, abi.ProtoTLS, int(info.Option), needed)
			want(t, "get "+info.Name+" into a buffer that is just large enough", errno, 0)
			if !bytes.Equal(value, whole) {
				t.Errorf("get %s: got %q, want %q", info.Name, value, whole)
			}
		}
	})
}

func TestGetOptionArguments(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		for _, level := range []uint64{abi.ProtoTLS, linux.SolSocket} {
			name := uint64(abi.TLSVersionMin)
			if level == linux.SolSocket {
				name = linux.SoRcvBuf
			}
			buffer := w.store(t, make([]byte, 8))
			for _, row := range []struct {
				name         string
				buffer, size uint64
				want         linux.Errno
			}{
				{"bad NULL length", buffer, 0, linux.EFAULT},
				{"bad wild length", buffer, wild, linux.EFAULT},
				{"bad length -1", buffer, w.store(t, int32s(-1)), linux.EINVAL},
				{"bad length 2^31", buffer, w.store(t, int32s(math.MinInt32)), linux.EINVAL},
				{"bad NULL buffer", 0, w.store(t, int32s(4)), linux.EFAULT},
				{"bad buffer that ends too early", w.edge(t, []byte{1, 2}), w.store(t, int32s(4)), linux.EFAULT},
				{"ok a length larger than what is mapped", w.edge(t, []byte{1, 2, 3, 4}), w.store(t, int32s(math.MaxInt32)), 0},
			} {
				want(t, row.name, w.call(t, seccomp.Getsockopt, uint64(fd), level, name, row.buffer, row.size).errno, row.want)
			}
		}
	})
}

func TestOptionsInWrongStates(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fresh, connected := w.tls(t, 0), w.connected(t)
		all := values()
		for _, info := range abi.Options() {
			if info.Set != abi.Never {
				for _, value := range all[info.Option][:1] {
					want(t, "set "+info.Name+" when connected", w.setTLS(t, connected, info.Option, string(value)), linux.EISCONN)
				}
			}
			if info.Get != abi.Never {
				_, _, errno := w.get(t, fresh, abi.ProtoTLS, int(info.Option), 1024)
				wanted := linux.Errno(0)
				if info.Get&abi.Fresh == 0 {
					wanted = linux.ENOTCONN
				}
				want(t, "get "+info.Name+" of a fresh socket", errno, wanted)
			}
		}
		if got := w.text(t, connected, abi.TLSError); !strings.Contains(got, "before connect or listen") {
			t.Errorf("TLS_ERROR: got %q", got)
		}
	})
}

func TestKeyNeedsItsChain(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		want(t, "set TLS_PRIVATE_KEY first", w.setTLS(t, w.tls(t, 0), abi.TLSPrivateKey, keyPEM), linux.EINVAL)
	})
}

func TestChainsAreBounded(t *testing.T) {
	w, _ := simulated(t)
	fd := w.tls(t, 0)
	chain := chainPEM
	for range abi.CredentialsMax {
		chain += "\n" // another chain: one that is set again counts once
		want(t, "set TLS_CERTIFICATE_CHAIN", w.setTLS(t, fd, abi.TLSCertificateChain, chain), 0)
		want(t, "set TLS_CERTIFICATE_CHAIN again", w.setTLS(t, fd, abi.TLSCertificateChain, chain), 0)
	}
	want(t, "set one chain too many", w.setTLS(t, fd, abi.TLSCertificateChain, chain+"\n"), linux.EINVAL)
}

func TestFiles(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		dir := t.TempDir()
		fifo := filepath.Join(dir, "fifo")
		if out, err := exec.Command("mkfifo", fifo).CombinedOutput(); err != nil {
			t.Fatalf("mkfifo: %v %s", err, out)
		}
		large := filepath.Join(dir, "large")
		if err := os.WriteFile(large, bytes.Repeat([]byte{'\n'}, abi.ValueMax+1), 0o644); err != nil {
			t.Fatal(err)
		}
		fd := w.credentialed(t)
		for _, row := range []struct {
			name, path string
			want       linux.Errno
		}{
			{"ok a file", file(t, chainPEM), 0},
			{"ok with its NUL", file(t, chainPEM) + "\x00", 0},
			{"bad missing", "/does/not/exist.pem", linux.ENOENT},
			{"bad below a file", "/etc/passwd/x", 20},
			{"bad a directory", dir, linux.EISDIR},
			{"bad a FIFO", fifo, linux.EINVAL},
			{"bad a device", "/dev/zero", linux.EINVAL},
			{"bad beyond the bound", large, linux.EINVAL},
			{"bad name too long", "/" + strings.Repeat("x", 300), 36},
		} {
			for _, o := range []abi.Option{abi.TLSCertificateChain, abi.TLSPrivateKey, abi.TLSTrustedPeerCertificates} {
				want(t, row.name+" for "+o.String(), w.setTLS(t, fd, o, row.path), row.want)
				if got := w.text(t, fd, abi.TLSError); row.want != 0 && (!strings.Contains(got, o.String()) || !strings.Contains(got, row.path)) {
					t.Errorf("%s: TLS_ERROR %q does not name the option and the file", row.name, got)
				}
			}
		}
	})
}

func TestRefusedOptionChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		want(t, "set TLS_ALPN", w.setTLS(t, fd, abi.TLSALPN, "h2"), 0)
		w.service.refuse(abi.Failf(abi.Weaker, "less than the policy demands"))
		want(t, "set TLS_ALPN again", w.setTLS(t, fd, abi.TLSALPN, "http/1.1"), linux.EPERM)
		want(t, "set TLS_VERSION_MIN", w.set(t, fd, abi.ProtoTLS, int(abi.TLSVersionMin), int32s(0x0304)), linux.EPERM)
		want(t, "connect", w.connect(t, fd, peer(t)), 0)
		r := w.service.lastDial(t).Request
		if !slices.Equal(r.ALPN, []string{"h2"}) || r.VersionMin != 0 {
			t.Errorf("the request after refused options: %v and %#x", r.ALPN, r.VersionMin)
		}
	})
}

func TestRequestCarriesEveryOption(t *testing.T) {
	w, _ := simulated(t)
	fd := w.tls(t, 0)
	for _, o := range []struct {
		option abi.Option
		value  string
	}{
		{abi.TLSRemoteHostname, "a.test"}, {abi.TLSHostname, "B.test,*.c.test"}, {abi.TLSTrustedPeerCertificates, chainPEM},
		{abi.TLSCertificateChain, chainPEM}, {abi.TLSPrivateKey, keyPEM}, {abi.TLSALPN, "h2, http/1.1"},
		{abi.TLSSessionTTL, string(int32s(5))}, {abi.TLSDisableCipher, "one"}, {abi.TLSDisableCipher, "two"},
		{abi.TLSRequestPeerAuth, string(int32s(2))}, {abi.TLSTrustedCiphers, "three:four"}, {abi.TLSSessionReuse, string(int32s(1))},
		{abi.TLSVersionMin, string(int32s(0x0303))}, {abi.TLSVersionMax, string(int32s(0x0303))},
		{abi.TLSOCSPChecks, string(int32s(1))}, {abi.TLSCRLChecks, string(int32s(0))}, {abi.TLSServerOCSPStapling, string(int32s(1))},
		{abi.TLSOCSPStapledChecks, string(int32s(1))}, {abi.TLSOCSPStapledChecks, string(int32s(0))},
		{abi.TLSCoerce, "SSL_one"}, {abi.TLSCoerce, "SSL_two"},
	} {
		want(t, "set "+o.option.String(), w.setTLS(t, fd, o.option, o.value), 0)
	}
	want(t, "connect", w.connect(t, fd, peer(t)), 0)
	r := w.service.lastDial(t).Request
	checks := map[string]bool{
		"checks":      r.Checks == abi.CheckOCSP|abi.StapleOwn && r.Unchecked == abi.CheckCRL|abi.CheckStapled,
		"name":        r.RemoteHostname == "a.test",
		"names":       slices.Equal(r.Hostnames, []string{"b.test", "*.c.test"}),
		"anchors":     string(r.TrustAnchors) == chainPEM,
		"credentials": len(r.Credentials) == 1 && string(r.Credentials[0].Chain) == chainPEM && string(r.Credentials[0].Key) == keyPEM,
		"ALPN":        slices.Equal(r.ALPN, []string{"h2", "http/1.1"}),
		"TTL":         r.SessionTTL != nil && *r.SessionTTL == 5,
		"disabled":    slices.Equal(r.DisabledCiphers, []string{"one", "two"}),
		"peer auth":   r.PeerAuth != nil && *r.PeerAuth == abi.PeerAuthRequire,
		"trusted":     slices.Equal(r.TrustedCiphers, []string{"three", "four"}),
		"reuse":       r.SessionReuse != nil && *r.SessionReuse,
		"versions":    r.VersionMin == 0x0303 && r.VersionMax == 0x0303,
		"unserved":    slices.Equal(r.Unserved, []string{"SSL_one", "SSL_two"}),
	}
	for what, ok := range checks {
		if !ok {
			t.Errorf("%s: not in the request as set: %+v", what, r)
		}
	}
}

func TestErrorAfterTheEnd(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.connected(t)
		w.service.lastConn(t).end(abi.Failf(abi.Reset, "the peer sent no close_notify"))
		until(t, "it is hung up", func() bool { return w.poll(t, fd, linux.PollIn)&linux.PollHup != 0 })
		if got := w.text(t, fd, abi.TLSError); got != "the peer sent no close_notify" {
			t.Errorf("TLS_ERROR: got %q", got)
		}
		if got := w.text(t, fd, abi.TLSChosenCipher); got == "" {
			t.Error("TLS_CHOSEN_CIPHER after the end: got none")
		}
	})
}
