package tests

// A difference is an observation that is not the same over IPPROTO_TLS, and the reason. Values are JSON.
type difference struct{ tcp, tls, reason string }

// Reasons that hold for several rows. The program's descriptor is an AF_UNIX stream socket on which the kernel carries
// out everything but the trapped calls.
const (
	inKernel = "the call is not trapped, so the kernel answers for the AF_UNIX socket"
	noCmsg   = "what it would add to received messages is not carried over"
	notYet   = "a blocking connect is carried out before the descriptor itself is connected"
	oneError = "the kernel answers with the AF_UNIX socket's error, SO_ERROR keeps the real one"
	badLevel = "setsockopt at a level that does not exist says what getsockopt says"
	stranger = "protocol 205 of other families and types is not TCP's, so the numbers compare different things"
)

// semanticsDifferences lists what differs on purpose, as "scenario: observation".
func semanticsDifferences() map[string]difference {
	return map[string]difference{
		"bad_accept_pointers: address wild then":     {`"none"`, `"IN"`, "a connection that cannot be delivered is not lost"},
		"bad_accept_pointers: address kernel then":   {`"none"`, `"IN"`, "a connection that cannot be delivered is not lost"},
		"bad_accept_pointers: address unmapped then": {`"none"`, `"IN"`, "a connection that cannot be delivered is not lost"},
		"bad_accept_pointers: length wild then":      {`"none"`, `"IN"`, "a connection that cannot be delivered is not lost"},
		"bad_accept_pointers: length kernel then":    {`"none"`, `"IN"`, "a connection that cannot be delivered is not lost"},
		"bad_accept_pointers: length unmapped then":  {`"none"`, `"IN"`, "a connection that cannot be delivered is not lost"},

		"bad_socket: datagram": {`"EPROTONOSUPPORT"`, `"ESOCKTNOSUPPORT"`, stranger},
		"bad_socket: netlink":  {`"ESOCKTNOSUPPORT"`, `"EAFNOSUPPORT"`, stranger},
		"bad_socket: unix":     {`"EPROTONOSUPPORT"`, `"EAFNOSUPPORT"`, stranger},

		"connect_blocking_seen_by_another_thread: poll": {`"none"`, `"OUT|HUP"`, notYet},
		"connect_blocking_seen_by_another_thread: send": {`"EAGAIN"`, `"ENOTCONN"`, notYet},
		"connect_refused_seen_by_connect: elsewhere":    {`"ok"`, `"ECONNREFUSED"`, "an AF_UNIX socket cannot be connected a second time"},
		"connect_refused_seen_by_recv: recv":            {`"ECONNREFUSED"`, `"ECONNRESET"`, oneError},
		"connect_refused_seen_by_recv: error":           {`"0"`, `"ECONNREFUSED"`, oneError},
		"connect_refused_seen_by_send: send":            {`"ECONNREFUSED"`, `"EPIPE"`, oneError},
		"connect_refused_seen_by_send: error":           {`"0"`, `"ECONNREFUSED"`, oneError},
		"connect_unspec_connected: dissolve":            {`0`, `"EOPNOTSUPP"`, "a TLS connection is not given up and made anew on one socket"},

		"data_close_with_unread: recv":          {`"ECONNRESET"`, `""`, "a reset could destroy what the program wrote before it closed"},
		"data_ioctls: unsent":                   {`true`, `false`, "a byte is kept unread so that a service that dies reads as ECONNRESET"},
		"data_oob: recv":                        {`"!"`, `"EINVAL"`, "TLS has no urgent data: the byte arrives in its place"},
		"data_oob: the rest":                    {`"ab"`, `"a!b"`, "TLS has no urgent data: the byte arrives in its place"},
		"data_recvmsg: recvfrom names the peer": {`false`, `true`, inKernel},
		"data_recvmsg: name length":             {`false`, `true`, inKernel},
		"data_reset_write: send":                {`"ECONNRESET"`, `"EPIPE"`, inKernel},
		"data_sendto: sendto same":              {`1`, `"EISCONN"`, inKernel},
		"data_sendto: sendto other":             {`1`, `"EISCONN"`, inKernel},
		"data_sendto: arrived":                  {`"ab"`, `""`, inKernel},
		"data_shutdown_unconnected: fresh":      {`"ENOTCONN"`, `"ok"`, inKernel},
		"data_trunc: buffer":                    {`"-----"`, `"hello"`, inKernel},
		"data_unconnected: recv":                {`"ENOTCONN"`, `"EINVAL"`, inKernel},
		"data_unconnected: recv nonblocking":    {`"ENOTCONN"`, `"EINVAL"`, inKernel},
		"data_unconnected: send":                {`"EPIPE"`, `"ENOTCONN"`, inKernel},
		"data_unconnected: read":                {`"ENOTCONN"`, `"EINVAL"`, inKernel},
		"data_unconnected: sendto":              {`"EPIPE"`, `"EOPNOTSUPP"`, inKernel},
		"data_unconnected: listener recv":       {`"ENOTCONN"`, `"EINVAL"`, inKernel},
		"data_unconnected: listener send":       {`"EPIPE"`, `"ENOTCONN"`, inKernel},

		"option_ints_accepted: SO_TIMESTAMP":   {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_accepted: IP_RECVERR":     {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_connected: SO_TIMESTAMP":  {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_connected: IP_RECVERR":    {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_fresh: SO_TIMESTAMP":      {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_fresh: IP_RECVERR":        {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_listening: SO_TIMESTAMP":  {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_listening: IP_RECVERR":    {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_ipv6: IPV6_RECVERR":       {`[0, 1, 0]`, `["ENOPROTOOPT", "ENOPROTOOPT", "ENOPROTOOPT"]`, noCmsg},
		"option_ints_accepted: unknown level":  {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_ints_accepted: UDP level":      {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_ints_connected: unknown level": {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_ints_connected: UDP level":     {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_ints_fresh: unknown level":     {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_ints_fresh: UDP level":         {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_ints_listening: unknown level": {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_ints_listening: UDP level":     {`["EOPNOTSUPP", "ENOPROTOOPT"]`, `["EOPNOTSUPP", "EOPNOTSUPP"]`, badLevel},
		"option_rcvlowat: poll short":          {`0`, `1`, "poll of an AF_UNIX socket does not look at SO_RCVLOWAT; recv does"},

		"other_connect_plain_to_world: answer": {`"none"`, `"alert or end"`, "a client that speaks no TLS is refused"},
		"other_connect_plain_to_world: accept": {`"socket"`, `"EAGAIN"`, "a client that speaks no TLS is refused"},
		"other_io_uring: io_uring_setup":       {`"a ring"`, `"ENOSYS"`, "io_uring would carry out calls that the supervisor has to see"},
		"other_plain_levels: tcp set":          {`"ENOPROTOOPT"`, `"ok"`, "an option of TLS on a TCP socket is for its upgrade"},
	}
}
