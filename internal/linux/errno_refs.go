package linux

import "golang.org/x/sys/unix"

// ETOOMANYREFS is a user with more descriptors on their way than RLIMIT_NOFILE allows (unix(7)).
const ETOOMANYREFS = unix.ETOOMANYREFS
