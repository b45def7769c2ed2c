package linux

// vfork is clone(2) with CLONE_VM and CLONE_VFORK: the child borrows the memory and the stack, and the caller goes on when
// the child has ended. It gives what the kernel says: a number, 0 in the child, or a negated errno. The caller must be
// written in view of this: what the child leaves in its variables is there for the parent.
//
// Nothing is copied, where fork(2) copies the page tables and has every page that is written afterwards copied or
// claimed: half a millisecond for a supervisor.
//
//go:noescape
func vfork() (n uintptr)
