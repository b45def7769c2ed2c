package socket

import "strconv"

// zone writes a scope identifier as the zone of an address. A number needs no look-up of the interface,
// which may be in another network namespace.
func zone(scope uint32) string { return strconv.FormatUint(uint64(scope), 10) }

// scope reads it back; a zone that is no number gives 0, which the kernel refuses where it needs one.
func scope(zone string) uint32 {
	n, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
