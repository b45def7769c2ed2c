// Command goprogram is the client and the server of the interoperability tests as a static Go program: it makes its
// calls without libc, and reads and writes through the runtime's poller.
//
//	goprogram client HOST PORT [name=value…]
//	goprogram server PORT [name=value…]
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) < 3 {
		os.Exit(2)
	}
	var err error
	switch os.Args[1] {
	case "client":
		err = client(os.Args[2], os.Args[3], parse(os.Args[4:]))
	case "get":
		err = get(os.Args[2])
	case "page":
		err = page(os.Args[2])
	case "server":
		err = server(os.Args[2], parse(os.Args[3:]))
	default:
		os.Exit(2)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("done")
}

// A failure is a call that failed on a socket, as the other test programs report it.
type failure struct {
	call  string
	errno error
	why   string
}

func (f *failure) Error() string {
	return strings.TrimRight(fmt.Sprintf("fail %s %s %s", f.call, errnoName(f.errno), f.why), " ")
}

func fail(fd int, call string, err error) error {
	return &failure{call: call, errno: err, why: text(fd, tlsError)}
}

// errnoName is the name of the errnos the tests expect, and the number of others.
func errnoName(err error) string {
	names := map[syscall.Errno]string{
		syscall.EPIPE: "EPIPE", syscall.ECONNREFUSED: "ECONNREFUSED", syscall.ECONNRESET: "ECONNRESET", syscall.EKEYREJECTED: "EKEYREJECTED",
		syscall.EKEYEXPIRED: "EKEYEXPIRED", syscall.EPROTO: "EPROTO", syscall.EHOSTUNREACH: "EHOSTUNREACH",
		syscall.ETIMEDOUT: "ETIMEDOUT", syscall.EPROTONOSUPPORT: "EPROTONOSUPPORT", syscall.EINVAL: "EINVAL",
		syscall.ENOTCONN: "ENOTCONN", syscall.ENOPROTOOPT: "ENOPROTOOPT", syscall.ERANGE: "ERANGE",
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return fmt.Sprintf("%q", err)
	}
	if name, ok := names[errno]; ok {
		return name
	}
	return fmt.Sprintf("errno-%d", int(errno))
}

// A pair is one name=value argument.
type pair struct{ name, value string }

type arguments []pair

func parse(words []string) arguments {
	var args arguments
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		args = append(args, pair{name, value})
	}
	return args
}

func (a arguments) get(name, otherwise string) string {
	for _, p := range a {
		if p.name == name {
			return p.value
		}
	}
	return otherwise
}
