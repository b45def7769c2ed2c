package socket

import (
	"sync/atomic"

	"github.com/securesocketapi/ssa/abi"
)

// Prompter is a Service that can say beforehand that Admit will not wait: neither for a file, nor for another
// process, nor long for the processor. What it does not wait for needs no goroutine, whose wake-ups cost more than
// the call.
type Prompter interface {
	Prompt(app App, r abi.Request) bool
}

// PromptBytes is how long a text may be that is looked at without letting other calls go first: some microseconds' worth.
const PromptBytes = 16 << 10

// underway counts the calls on a socket that may wait. They are begun by the thread that receives all calls, so
// to that thread 0 means that there is none.
type underway struct{ atomic.Int32 }

// Begin counts a call that may wait, End says that it has ended.
func (s *Socket) Begin() { s.underway.Add(1) }

// End is the counterpart of Begin.
func (s *Socket) End() { s.underway.Add(-1) }

// Prompt says whether SetTLS would not wait. Only the thread that begins calls may ask: a call under way could hold
// the socket's locks for long.
func (h *Handle) Prompt(o abi.Option, raw []byte) bool {
	service, ok := h.table.service.(Prompter)
	info, known := abi.Lookup(o)
	if !ok || !known || h.underway.Load() > 0 {
		return false
	}
	h.mu.Lock()
	request := h.asked.request
	h.mu.Unlock()
	if info.Form != abi.PEM {
		return service.Prompt(h.app.Value(), request)
	}
	if o == abi.TLSTrustedPeerCertificates || !isPEM(raw) {
		return false
	}
	request = request.Clone()
	set, settable := setters()[o]
	if !settable || set(&request, value{option: o, raw: pemOf(raw)}) != nil {
		return true // it is refused
	}
	return service.Prompt(h.app.Value(), request)
}

// Known says whether GetTLS would not wait, on the same conditions. Why a connection ended, the service may have to be asked.
func (h *Handle) Known(o abi.Option) bool {
	if o == abi.TLSError || h.underway.Load() > 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked.effective != nil
}
