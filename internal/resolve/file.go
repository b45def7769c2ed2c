package resolve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// The files read, as the program names them.
const (
	hostsPath    = "/etc/hosts"
	nsswitchPath = "/etc/nsswitch.conf"
	resolvPath   = "/etc/resolv.conf"
)

// Bounds on the files, in bytes. hosts is streamed, and block lists of several MiB are in use.
const (
	confMax  = 1 << 20
	hostsMax = 16 << 20
)

// read hands a file to parse, whose reads fail past limit bytes. A file that is not there, or that the program
// may not read, is an empty one: that is how the C library takes it.
func (r *Resolver) read(path string, limit int64, parse func(io.Reader) error) error {
	file, err := r.config.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return parse(strings.NewReader(""))
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := parse(&boundedReader{Reader: file, limit: limit, left: limit}); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// boundedReader makes a file that is too large an error, where io.LimitReader would make it a shorter one.
type boundedReader struct {
	io.Reader
	limit, left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.Reader.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("larger than %d MiB", b.limit>>20)
	}
	return n, err
}
