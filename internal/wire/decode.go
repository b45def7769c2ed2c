package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// errShort is a message that ends too early.
var errShort = errors.New("message ends in the middle of a field")

// A decoder takes fields off. The first error stays, and what is taken after it is zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.rest = nil
}

func (d *decoder) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if n > len(d.rest) {
		d.err, d.rest = errShort, nil
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// finish gives the error, or one when there is something left.
func (d *decoder) finish() error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes behind the last field", len(d.rest))
	}
	return d.err
}

func (d *decoder) u8() uint8 {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u16() uint16 {
	if b := d.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if b := d.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if b := d.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// int takes a number from low to high.
func (d *decoder) int(low, high int) int {
	v := int64(d.u64())
	if v < int64(low) || v > int64(high) {
		d.fail("number %d is not from %d to %d", v, low, high)
		return 0
	}
	return int(v)
}

func (d *decoder) bool() bool {
	v := d.u8()
	if v > 1 {
		d.fail("%d is neither true nor false", v)
	}
	return v == 1
}

// length takes the length of something, limit at most.
func (d *decoder) length(limit int) int {
	n := d.u32()
	if int64(n) > int64(limit) {
		d.fail("length %d, at most %d", n, limit)
		return 0
	}
	return int(n)
}

// bytes takes at most limit bytes. They stay a part of the message.
func (d *decoder) bytes(limit int) []byte { return d.take(d.length(limit)) }

func (d *decoder) string(limit int) string { return string(d.bytes(limit)) }

// strings takes at most count strings of at most limit bytes; none is nil.
func (d *decoder) strings(count, limit int) []string {
	n := d.length(count)
	var list []string
	for range n {
		s := d.string(limit)
		if d.err != nil {
			return nil
		}
		list = append(list, s)
	}
	return list
}

func (d *decoder) optional(limit int) []byte {
	if !d.bool() {
		return nil
	}
	if b := d.bytes(limit); len(b) > 0 {
		return b
	}
	return []byte{}
}

func (d *decoder) optionalInt(low, high int) *int {
	if !d.bool() {
		return nil
	}
	v := d.int(low, high)
	return &v
}

func (d *decoder) optionalBool() *bool {
	if !d.bool() {
		return nil
	}
	v := d.bool()
	return &v
}

func (d *decoder) addr() netip.AddrPort {
	raw, zone, port := d.bytes(16), d.string(nameMax), d.u16()
	var ip netip.Addr
	if len(raw) > 0 {
		var ok bool
		if ip, ok = netip.AddrFromSlice(raw); !ok {
			d.fail("an address of %d bytes", len(raw))
			return netip.AddrPort{}
		}
	}
	if zone != "" {
		if !ip.Is6() {
			d.fail("a zone on an address that has none")
			return netip.AddrPort{}
		}
		ip = ip.WithZone(zone)
	}
	return netip.AddrPortFrom(ip, port)
}
