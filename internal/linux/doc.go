// Package linux is the only place of this module that talks to the kernel: one small function for each
// call, with the kernel's own name and typed arguments. It decides nothing and imports nothing of this module.
package linux
