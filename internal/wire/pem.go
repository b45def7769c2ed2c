package wire

import "bytes"

// withoutKeys takes private keys out of a chain in PEM: a file may hold both, and the process that reads the chain is
// not to see the key. What begins a key and does not end it takes the rest with it.
func withoutKeys(pem []byte) []byte {
	if pem == nil {
		return nil
	}
	const begin, end = "-----BEGIN ", "-----END "
	rest, kept := pem, make([]byte, 0, len(pem))
	for {
		at := bytes.Index(rest, []byte(begin))
		if at < 0 {
			break
		}
		line, _, _ := bytes.Cut(rest[at:], []byte("\n"))
		if !bytes.Contains(line, []byte("PRIVATE KEY-----")) {
			kept = append(kept, rest[:at+len(begin)]...)
			rest = rest[at+len(begin):]
			continue
		}
		kept = append(kept, rest[:at]...)
		rest = rest[at:]
		after := bytes.Index(rest, []byte(end))
		if after < 0 {
			return kept
		}
		_, rest, _ = bytes.Cut(rest[after:], []byte("\n"))
	}
	return append(kept, rest...)
}
