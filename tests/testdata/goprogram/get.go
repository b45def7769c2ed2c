package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

// get prints a page over what it takes for plain TCP.
func get(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, c)
	return err
}
