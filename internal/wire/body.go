package wire

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// readBody reads a payload from a memory file that has exactly size bytes.
func readBody(fd linux.FD, size int) ([]byte, error) {
	n, err := linux.MemorySize(fd)
	if err != nil {
		return nil, err
	}
	if n != int64(size) {
		return nil, fmt.Errorf("a memory file of %d bytes, the message says %d", n, size)
	}
	b := make([]byte, size)
	if err := linux.ReadMemoryFile(fd, b); err != nil {
		return nil, fmt.Errorf("read a memory file: %w", err)
	}
	return b, nil
}

// keyFile puts the private keys of credentials in a memory file; NoFD when there are none.
func keyFile(list []abi.Credential) (linux.FD, error) {
	var parts [][]byte
	some := false
	for _, c := range list {
		parts = append(parts, c.Key)
		some = some || c.Key != nil
	}
	if !some {
		return linux.NoFD, nil
	}
	return linux.SealedMemory("ssa-keys", parts...)
}

// total checks the sizes of private keys against their memory file, and counts the keys.
func total(fd linux.FD, sizes []int) (count int, err error) {
	sum := int64(0)
	for _, n := range sizes {
		if n >= 0 {
			sum, count = sum+int64(n), count+1
		}
	}
	if fd == linux.NoFD && count == 0 {
		return 0, nil
	}
	if fd == linux.NoFD || sum > keysMax {
		return 0, fmt.Errorf("%d private keys of %d bytes", count, sum)
	}
	n, err := linux.MemorySize(fd)
	if err == nil && n != sum {
		err = fmt.Errorf("private keys in a memory file of %d bytes, the message says %d", n, sum)
	}
	return count, err
}

// ReadKeys reads private keys from a memory file in which they follow each other with these sizes; one of size -1 is nil.
func ReadKeys(fd linux.FD, sizes []int) ([][]byte, error) {
	count, err := total(fd, sizes)
	if err != nil {
		return nil, err
	}
	list := make([][]byte, len(sizes))
	if count == 0 {
		return list, nil
	}
	size, err := linux.MemorySize(fd)
	if err != nil {
		return nil, err
	}
	all := make([]byte, size)
	if err := linux.ReadMemoryFile(fd, all); err != nil {
		return nil, err
	}
	for i, n := range sizes {
		if n >= 0 {
			list[i], all = all[:n:n], all[n:]
		}
	}
	return list, nil
}
