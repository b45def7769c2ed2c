// Package relay moves bytes between a program's socket and a TLS session until both ends are closed. It knows
// neither TLS nor who the program is, and never sees an address.
package relay
