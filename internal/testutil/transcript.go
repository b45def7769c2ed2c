package testutil

import (
	"bytes"
	"errors"
	"sync"
	"time"
)

// A transcript collects output and wakes whoever waits for something in it. transcriptMax bounds it.
type transcript struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{}
	closed  bool
}

const transcriptMax = 8 << 20

func newTranscript() *transcript {
	return &transcript{changed: make(chan struct{})}
}

// Write keeps p, up to transcriptMax in all, and never fails: a program must not stop because it talks much.
func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buf.Len() < transcriptMax {
		l.buf.Write(p)
	}
	l.wake()
	return len(p), nil
}

func (l *transcript) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *transcript) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.wake()
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *transcript) snapshot() (text string, closed bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String(), l.closed, l.changed
}

// wait returns when found says yes to the text so far.
func (l *transcript) wait(found func(string) bool) error {
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	for {
		text, closed, changed := l.snapshot()
		if found(text) {
			return nil
		}
		if closed {
			return errors.New("the process ended")
		}
		select {
		case <-changed:
		case <-timer.C:
			return errors.New("timed out")
		}
	}
}
