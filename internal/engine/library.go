package engine

import (
	"crypto/tls"
	"errors"
)

// library is a carrier whose records crypto/tls protects: those of TLS 1.2.
type library struct {
	tls *tls.Conn
	net *stream
	// more says that the last read filled its buffer: crypto/tls may have the rest of a record.
	more bool
	// got is the buffer of the last read, fresh the one of the next write.
	got, fresh *[]byte
	pieces     [1][]byte
	place      [1][]byte
}

func (l *library) ready() bool { return l.more || !l.net.in.empty() }

func (l *library) release() {
	if l.got != nil {
		arrivals.Put(l.got)
		l.got = nil
	}
}

func (l *library) take() ([][]byte, error) {
	if l.got == nil {
		l.got, _ = arrivals.Get().(*[]byte)
	}
	p := *l.got
	done, err := 0, error(nil)
	for done < len(p) && err == nil {
		var n int
		n, err = l.tls.Read(p[done:])
		done += n
		if n > 0 && l.net.in.empty() && done < len(p) {
			break // the last record was not cut off, and there is no other
		}
	}
	l.more = err == nil && done == len(p)
	if errors.Is(err, errNotYet) {
		err = nil
	}
	if done == 0 {
		return nil, err
	}
	l.pieces[0] = p[:done]
	return l.pieces[:], err
}

func (l *library) room() [][]byte {
	if l.fresh == nil {
		l.fresh, _ = arrivals.Get().(*[]byte)
	}
	l.place[0] = *l.fresh
	return l.place[:]
}

func (l *library) write(n int) error {
	fresh := l.fresh
	l.fresh = nil
	defer arrivals.Put(fresh)
	if n == 0 {
		return nil
	}
	l.net.out.holding = true
	_, err := l.tls.Write((*fresh)[:n])
	return err
}

func (l *library) closeWrite() error {
	l.net.out.holding = true
	return l.tls.CloseWrite()
}
