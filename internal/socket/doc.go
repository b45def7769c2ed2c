// Package socket holds the state and the options of each TLS socket of a supervised tree and makes, binds
// and connects its real TCP socket. It knows nothing of seccomp, of the program's memory or of how TLS works.
package socket
