// Package resolve turns a host name into addresses the way a given program would, and races connection
// attempts to them. The program's files and sockets come in through Config, so the caller decides whose
// root, mount namespace and network namespace are used. It knows nothing of TLS or of the supervisor.
//
// # What is served
//
// A lookup goes through these steps, the first that answers ends it:
//
//  1. An IP literal is its own answer. A zone is allowed on a link-local address ("fe80::1%eth0").
//  2. The name is checked: see [ErrName].
//  3. The sources of the "hosts" line of nsswitch.conf(5) are asked in its order, by default files, then dns:
//     files is hosts(5), dns and resolve are the servers of resolv.conf(5).
//  4. localhost and *.localhost that hosts(5) does not list are ::1 and 127.0.0.1. They are never sent to a
//     server (RFC 6761, section 6.3).
//
// # What is not served
//
// Modules of nsswitch.conf other than files, dns and resolve (mdns, myhostname, mymachines, wins, ldap and so
// on) are passed over, as are their actions, as if they were not installed. One exception: where an mdns
// module is followed by [NOTFOUND=return], names under .local end there, so that they are not sent to a
// server that must not see them (RFC 6762, section 22.1).
//
// LOCALDOMAIN, RES_OPTIONS and HOSTALIASES are read from no environment. gai.conf(5) is not read; addresses
// come IPv6 first with the families taking turns (RFC 8305, section 4), and [Race] makes up for a bad first
// choice. The resolv.conf options honoured are ndots, timeout, attempts, rotate, single-request,
// single-request-reopen, use-vc and no-aaaa. EDNS0 is always used (RFC 6891). Nothing is cached, and no
// answer is validated by DNSSEC: whoever connects has to verify the peer.
package resolve
