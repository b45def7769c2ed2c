package fetch

import (
	"net"
	"net/url"
)

// NotOurselves is notOurselves.
func NotOurselves(f *Fetcher, c net.Conn) error { return f.notOurselves(c) }

// Parse is parse.
func Parse(f *Fetcher, text string) (*url.URL, error) { return f.parse(text) }

// Waiting is how many fetches wait for a place.
func Waiting(f *Fetcher) int {
	f.places.mu.Lock()
	defer f.places.mu.Unlock()
	return f.places.waiting
}

// Hosts is how many hosts are remembered.
func Hosts(f *Fetcher) int {
	f.places.mu.Lock()
	defer f.places.mu.Unlock()
	return len(f.places.hosts)
}
