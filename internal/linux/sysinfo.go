package linux

import "golang.org/x/sys/unix"

// MemoryTotal is the memory of this machine in bytes (sysinfo(2)).
func MemoryTotal() (int64, error) {
	var s unix.Sysinfo_t
	if err := unix.Sysinfo(&s); err != nil {
		return 0, err
	}
	return int64(s.Totalram) * int64(s.Unit), nil
}
