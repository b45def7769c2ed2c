package linux

import (
	"time"

	"golang.org/x/sys/unix"
)

// ThreadTime is the processor time that a thread of this process has used (clock_gettime(2), pthread_getcpuclockid(3)).
func ThreadTime(tid int) (time.Duration, error) {
	// CPUCLOCK_PERTHREAD_MASK and CPUCLOCK_SCHED (linux/posix-timers.h)
	const perThread, sched = 4, 2
	var t unix.Timespec
	err := unix.ClockGettime(int32(^tid<<3|perThread|sched), &t)
	return time.Duration(t.Nano()), err
}
