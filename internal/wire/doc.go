// Package wire carries the Service interface over an AF_UNIX socket of type SOCK_SEQPACKET: a Client stands for the
// TLS service in the supervisor, a Server puts a service behind the socket. It knows messages and descriptors, and
// neither TLS nor policy.
//
// A message meets these files in order: proto.go says which there are, encode.go and decode.go what they look like,
// payload.go what they hold; link.go sends and receives them with their descriptors, large ones in sealed memory files
// (body.go); descriptor.go checks what was received. On the one side client.go keeps a link to the service and makes
// another when it breaks (redial.go); on the other side server.go admits supervisors within limits.go, and peer.go
// carries out what they ask.
//
// Who asks: the kernel says who the supervisor is (SO_PEERCRED, SO_PEERPIDFD). For a program the supervisor sends a pidfd
// once; the service reads from it who the program is and answers with a proof, which the supervisor shows with each
// call (proof.go).
package wire
