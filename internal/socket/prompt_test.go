package socket

import (
	"testing"

	"github.com/securesocketapi/ssa/abi"
)

// TestKnown says which options are read on the thread that receives calls: with the lock of a socket held by another call
// it must not be taken, and the service must not be asked.
func TestKnown(t *testing.T) {
	s, local := entered(t, tableOf(t))
	defer local.Close()
	h := &Handle{Socket: s, Local: local}
	s.asked = &asked{}
	if h.Known(abi.TLSChosenVersion) {
		t.Error("before the service was asked: known")
	}
	s.asked = &asked{effective: &Effective{}}
	if !h.Known(abi.TLSChosenVersion) {
		t.Error("after the service was asked: not known")
	}
	if h.Known(abi.TLSError) {
		t.Error("why a connection ended is known without the service")
	}
	s.Begin()
	s.mu.Lock()
	if h.Known(abi.TLSChosenVersion) {
		t.Error("while another call is under way: known")
	}
	s.mu.Unlock()
	s.End()
}
