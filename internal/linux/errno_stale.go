package linux

import "golang.org/x/sys/unix"

// ESTALE is a reference to something that is no longer known.
const ESTALE = unix.ESTALE
