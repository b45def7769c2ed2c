// Package judges keeps the judges that reach the network or run programs in a process of their own: the one that parses
// what peers send may do neither. Serve is that process, Client is what the rest of the service has of it.
package judges
