// Package seccomp stops the system calls of a supervised tree and receives them: the filter and its
// listener. It knows which calls are trapped, not what they mean.
package seccomp
