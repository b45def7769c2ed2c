package engine

import (
	"bytes"
	"encoding/hex"
)

// secrets takes the traffic secrets of one connection from crypto/tls, which gives them to a Config.KeyLogWriter and
// nowhere else. They stay in this process and are gone with the connection.
type secrets struct{ client, server []byte }

// Write implements io.Writer for one line of a key log: label, client random, secret.
func (s *secrets) Write(line []byte) (int, error) {
	fields := bytes.Fields(line)
	if len(fields) != 3 {
		return len(line), nil
	}
	secret := make([]byte, hex.DecodedLen(len(fields[2])))
	if _, err := hex.Decode(secret, fields[2]); err != nil {
		return 0, err
	}
	switch string(fields[0]) {
	case "CLIENT_TRAFFIC_SECRET_0":
		s.client = secret
	case "SERVER_TRAFFIC_SECRET_0":
		s.server = secret
	}
	return len(line), nil
}
