package socket

import "github.com/securesocketapi/ssa/internal/linux"

// route is which socket an option acts on.
type route uint8

const (
	// toNetwork is the real TCP socket.
	toNetwork route = 1 << iota
	// toProgram is the AF_UNIX socket behind the program's descriptor.
	toProgram
	// readOnly cannot be set.
	readOnly
	// synthetic is answered from what we know.
	synthetic
	// kept is only remembered: getsockopt tells what the program has set.
	kept
)

type optionKey struct{ level, name int }

// The options of socket(7), tcp(7), ip(7) and ipv6(7) that are carried out for a program, by number. An option
// that is not here gives ENOPROTOOPT: some take pointers or descriptors, which mean something else in the
// supervisor (SO_ATTACH_FILTER, TCP_ZEROCOPY_RECEIVE), others would change what the relay reads and writes
// (TCP_ULP, TCP_REPAIR, TCP_FASTOPEN_CONNECT).
func routes() map[optionKey]route {
	m := map[optionKey]route{}
	add := func(level int, r route, names ...int) {
		for _, n := range names {
			m[optionKey{level, n}] = r
		}
	}
	const (
		soReuseAddr, soType, soDontRoute, soBroadcast, soKeepAlive, soOOBInline, soNoCheck = 2, 3, 5, 6, 9, 10, 11
		soPriority, soReusePort, soPeerCred, soSndLowat, soBindToDevice                    = 12, 15, 17, 19, 25
		soAcceptConn, soSndBufForce, soRcvBufForce, soMark, soProtocol, soDomain           = 30, 32, 33, 36, 38, 39
		soPeekOff, soBusyPoll, soMaxPacing, soIncomingCPU, soMemInfo, soNapiID, soCookie   = 42, 46, 47, 49, 55, 56, 57
		soBindToIfindex                                                                    = 62
	)
	add(linux.SolSocket, toNetwork, soReuseAddr, soDontRoute, soBroadcast, soKeepAlive, soOOBInline, soNoCheck,
		soPriority, soReusePort, soBindToDevice, soSndBufForce, soRcvBufForce, soMark, soBusyPoll, soMaxPacing,
		soIncomingCPU, soBindToIfindex, linux.SoLinger, linux.SoSndBuf, linux.SoRcvBuf)
	add(linux.SolSocket, toNetwork|toProgram, linux.SoRcvTimeo, linux.SoSndTimeo, linux.SoRcvTimeoN, linux.SoSndTimeoN)
	add(linux.SolSocket, toProgram, soRcvLowat, soPeekOff)
	add(linux.SolSocket, toProgram|readOnly, soType, soSndLowat, soAcceptConn, soCookie)
	add(linux.SolSocket, toNetwork|readOnly, soPeerCred, soMemInfo, soNapiID)
	add(linux.SolSocket, synthetic|readOnly, linux.SoError, soProtocol, soDomain)
	add(linux.SolTCP, toNetwork, tcpOptions()...)
	add(linux.SolTCP, toNetwork|readOnly, tcpInfo, tcpCCInfo)
	add(linux.SolTCP, kept, linux.TCPNodelay)
	add(linux.SolIP, toNetwork, ipOptions()...)
	add(linux.SolIP, toNetwork|readOnly, ipMTU)
	add(linux.SolIPv6, toNetwork, ipv6Options()...)
	add(linux.SolIPv6, toNetwork|readOnly, ipv6MTU)
	return m
}

const (
	soRcvLowat = 18

	tcpInfo   = 11
	tcpCCInfo = 26
	ipMTU     = 14
	ipv6MTU   = 24
)

// tcpOptions are MAXSEG, CORK, KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT, LINGER2, DEFER_ACCEPT,
// WINDOW_CLAMP, QUICKACK, CONGESTION, THIN_LINEAR_TIMEOUTS, THIN_DUPACK, USER_TIMEOUT, FASTOPEN,
// NOTSENT_LOWAT and TX_DELAY.
func tcpOptions() []int {
	return []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 18, 23, 25, 37}
}

// ipOptions are IP_TOS, TTL, MTU_DISCOVER, FREEBIND, TRANSPARENT, MINTTL, BIND_ADDRESS_NO_PORT and
// LOCAL_PORT_RANGE.
func ipOptions() []int { return []int{1, 2, 10, 15, 19, 21, 24, 51} }

// ipv6Options are IPV6_UNICAST_HOPS, MTU_DISCOVER, V6ONLY, TCLASS, AUTOFLOWLABEL, ADDR_PREFERENCES,
// MINHOPCOUNT, TRANSPARENT and FREEBIND.
func ipv6Options() []int { return []int{16, 23, 26, 67, 70, 72, 73, 75, 78} }
