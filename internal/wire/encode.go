package wire

import (
	"encoding/binary"
	"net/netip"
)

// An encoder appends fields: numbers in network byte order, text and lists behind their length. Each value has exactly
// one form, so that what was decoded encodes to the same bytes.
type encoder struct{ b []byte }

func (e *encoder) u8(v uint8)   { e.b = append(e.b, v) }
func (e *encoder) u16(v uint16) { e.b = binary.BigEndian.AppendUint16(e.b, v) }
func (e *encoder) u32(v uint32) { e.b = binary.BigEndian.AppendUint32(e.b, v) }
func (e *encoder) u64(v uint64) { e.b = binary.BigEndian.AppendUint64(e.b, v) }
func (e *encoder) int(v int)    { e.u64(uint64(int64(v))) }

func (e *encoder) bool(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}

func (e *encoder) bytes(v []byte) {
	e.u32(uint32(len(v)))
	e.b = append(e.b, v...)
}

func (e *encoder) string(v string) {
	e.u32(uint32(len(v)))
	e.b = append(e.b, v...)
}

func (e *encoder) strings(list []string) {
	e.u32(uint32(len(list)))
	for _, s := range list {
		e.string(s)
	}
}

// optional is bytes that may be nil, which means something else than empty.
func (e *encoder) optional(v []byte) {
	e.bool(v != nil)
	if v != nil {
		e.bytes(v)
	}
}

func (e *encoder) optionalInt(v *int) {
	e.bool(v != nil)
	if v != nil {
		e.int(*v)
	}
}

func (e *encoder) optionalBool(v *bool) {
	e.bool(v != nil)
	if v != nil {
		e.bool(*v)
	}
}

// addr is an address with its zone and port; the zero value has no bytes for the address.
func (e *encoder) addr(a netip.AddrPort) {
	ip, _ := a.Addr().WithZone("").MarshalBinary() // documented never to fail
	e.bytes(ip)
	e.string(a.Addr().Zone())
	e.u16(a.Port())
}
