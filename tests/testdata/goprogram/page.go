package main

import (
	"fmt"
	"net"
	"net/http"
)

// page serves a page over what it takes for plain TCP; net would have Multipath TCP.
func page(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("Serving HTTP")
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "the page") }))
}
