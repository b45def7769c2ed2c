package api

// Conns are live connections by id.
type Conns struct {
	Conns []Conn `json:"connections"`
	// Problems are processes whose connections could not be had.
	Problems []string `json:"problems,omitempty"`
}

// A Conn is a live connection.
type Conn struct {
	ID      uint64  `json:"id,string"`
	Program Program `json:"program"`
	Role    Role    `json:"role"`
	Host    string  `json:"host,omitempty"`
	Local   string  `json:"local"`
	Remote  string  `json:"remote"`
	Profile string  `json:"profile,omitempty"`
	TLS     TLS     `json:"tls"`
	// VerifiedBy names the judges that accepted the peer, none when it has shown no certificate.
	VerifiedBy []string `json:"verified_by"`
	Traffic    Traffic  `json:"traffic"`
	// Draining says that a process which no longer accepts anything new has the connection.
	Draining bool `json:"draining,omitempty"`
}

// An Explanation is all that is known of a connection.
type Explanation struct {
	// Conn is there while it lives.
	Conn *Conn `json:"connection,omitempty"`
	// Records are those of the connection, oldest first.
	Records []Record `json:"records"`
}
