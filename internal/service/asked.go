package service

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
)

// asked lists what a program has set on a socket. Of certificates and trust anchors it says only that there are some, of
// keys nothing.
func asked(r abi.Request) (list []api.Asked) {
	add := func(o abi.Option, value string) {
		if value != "" {
			list = append(list, api.Asked{Option: o.String(), Value: value})
		}
	}
	add(abi.TLSRemoteHostname, r.RemoteHostname)
	add(abi.TLSHostname, strings.Join(r.Hostnames, ","))
	if r.TrustAnchors != nil {
		add(abi.TLSTrustedPeerCertificates, fmt.Sprintf("its own, %d bytes", len(r.TrustAnchors)))
	}
	for _, c := range r.Credentials {
		value := c.ChainPath
		if value == "" {
			value = "its own"
		}
		add(abi.TLSCertificateChain, value)
	}
	add(abi.TLSALPN, strings.Join(r.ALPN, ","))
	add(abi.TLSSessionTTL, number(r.SessionTTL))
	if r.SessionReuse != nil {
		add(abi.TLSSessionReuse, strconv.FormatBool(*r.SessionReuse))
	}
	for _, o := range r.Checks.Options() {
		add(o, "1")
	}
	for _, o := range r.Unchecked.Options() {
		add(o, "0")
	}
	add(abi.TLSDisableCipher, strings.Join(r.DisabledCiphers, ":"))
	add(abi.TLSTrustedCiphers, strings.Join(r.TrustedCiphers, ":"))
	add(abi.TLSRequestPeerAuth, number(r.PeerAuth))
	add(abi.TLSVersionMin, version(r.VersionMin))
	add(abi.TLSVersionMax, version(r.VersionMax))
	add(abi.TLSCoerce, strings.Join(r.Unserved, ","))
	return list
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func version(v uint16) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%#04x", v)
}
