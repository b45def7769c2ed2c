// Package syscalls carries the trapped calls out: it takes their arguments from the program's memory, has
// the socket do what the call says, and turns the result into one answer. One file for each call; errno.go is
// the only place where an error becomes an errno. It knows nothing of TLS.
package syscalls
