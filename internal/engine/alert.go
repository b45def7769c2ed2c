package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// An alert is one the peer sent (RFC 8446, section 6).
type alert struct {
	code uint8
	// text is crypto/tls's, for a number without a name.
	text string
}

// received finds an alert from the peer in an error. crypto/tls keeps the type to itself, so it is known by its text.
func received(err error) (alert, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return alert{}, false
	}
	for code := range 256 {
		if text := op.Err.Error(); tls.AlertError(code).Error() == text {
			return alert{uint8(code), text}, true
		}
	}
	return alert{}, false
}

// explain gives the alert's name and what it usually means when it comes from a server, or from a client.
func (a alert) explain(fromServer bool) string {
	for _, m := range alerts {
		if m.code != a.code {
			continue
		}
		meaning := m.client
		if fromServer {
			meaning = m.server
		}
		if meaning == "" {
			return m.name
		}
		return m.name + ": " + meaning
	}
	return fmt.Sprintf("%d", a.code)
}

// alerts are the names of RFC 8446, section 6.2, and of RFC 5246, section 7.2, with what they usually mean from a
// server and from a client; never changed.
var alerts = [...]struct {
	code                 uint8
	name, server, client string
}{
	{10, "unexpected_message", "", ""},
	{20, "bad_record_mac", "a record was damaged on the way", "a record was damaged on the way"},
	{22, "record_overflow", "", ""},
	{40, "handshake_failure", "no version, cipher suite or key exchange in common, or it wants a client certificate " +
		"(TLS_CERTIFICATE_CHAIN, TLS_PRIVATE_KEY)", "no version, cipher suite or key exchange in common"},
	{42, "bad_certificate", "it refused our client certificate", "it refused our certificate"},
	{43, "unsupported_certificate", "it cannot use our client certificate", "it cannot use our certificate"},
	{44, "certificate_revoked", "our client certificate is revoked", "our certificate is revoked"},
	{45, "certificate_expired", "our client certificate has expired", "our certificate has expired"},
	{46, "certificate_unknown", "it refused our client certificate", "it refused our certificate"},
	{47, "illegal_parameter", "", ""},
	{48, "unknown_ca", "it does not trust the issuer of our client certificate", "it does not trust the issuer of our certificate; " +
		"does TLS_CERTIFICATE_CHAIN hold the intermediate certificates?"},
	{49, "access_denied", "it refused our client certificate", "it refused our certificate"},
	{50, "decode_error", "", ""},
	{51, "decrypt_error", "a signature or a session did not verify", "a signature or a session did not verify"},
	{60, "export_restriction", "", ""},
	{70, "protocol_version", "it supports none of the versions offered (TLS_VERSION_MIN, TLS_VERSION_MAX)",
		"it supports none of the versions offered (TLS_VERSION_MIN, TLS_VERSION_MAX)"},
	{71, "insufficient_security", "it wants stronger cipher suites than were offered", "it wants stronger cipher suites"},
	{80, "internal_error", "it failed on its own side", "it failed on its own side"},
	{86, "inappropriate_fallback", "", ""},
	{90, "user_canceled", "it gave up", "it gave up"},
	{100, "no_renegotiation", "", ""},
	{109, "missing_extension", "", ""},
	{110, "unsupported_extension", "", ""},
	{112, "unrecognized_name", "it does not know the name asked for (TLS_REMOTE_HOSTNAME)", ""},
	{113, "bad_certificate_status_response", "", ""},
	{115, "unknown_psk_identity", "", ""},
	{116, "certificate_required", "it wants a client certificate (TLS_CERTIFICATE_CHAIN, TLS_PRIVATE_KEY)", ""},
	{120, "no_application_protocol", "it supports none of the protocols offered (TLS_ALPN)", ""},
}
