package wire

import "bytes"

// withoutKeys takes the contents of private keys out of a chain in PEM and leaves their labels: a file may hold both, and
// the process that reads the chain is not to see the key. What begins a key and does not end it takes the rest with it.
func withoutKeys(pem []byte) []byte {
	if pem == nil {
		return nil
	}
	const begin, end = "-----BEGIN ", "-----END "
	rest, kept := pem, make([]byte, 0, len(pem))
	for {
		at := bytes.Index(rest, []byte(begin))
		if at < 0 {
			return append(kept, rest...)
		}
		line, body, _ := bytes.Cut(rest[at:], []byte("\n"))
		if !bytes.Contains(line, []byte("PRIVATE KEY-----")) {
			kept = append(kept, rest[:at+len(begin)]...)
			rest = rest[at+len(begin):]
			continue
		}
		kept = append(kept, rest[:at]...)
		after := bytes.Index(body, []byte(end))
		if after < 0 {
			return kept
		}
		kept = append(append(kept, label(line)...), '\n')
		rest = body[after:]
	}
}

// label is the part of a first line that says what a block is; behind it there could be anything.
func label(line []byte) []byte {
	const mark = "PRIVATE KEY-----"
	return line[:bytes.Index(line, []byte(mark))+len(mark)]
}
