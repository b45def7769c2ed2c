// Package fetch gets small documents by HTTP from addresses that strangers name, such as the responders and
// distribution points in certificates. It knows nothing of what it fetches.
//
// Whoever shows a certificate chooses the address, so a fetch must not become a way to reach what only this machine
// can reach:
//
//  1. The URL is checked: http or https, no user, a port of the list (url.go).
//  2. A place is taken, among all fetches and among those to the same host; who waits too long for one is refused
//     (places.go).
//  3. Names are resolved, and each address is checked when it is about to be connected to, so that no second answer
//     of a name server gets past the check (address.go). A connection to an address of this machine itself is closed
//     before anything is sent (dial.go).
//  4. Redirects begin again at 1, a few times at most.
//  5. The body is read up to the request's bound, all within the time limit.
package fetch
