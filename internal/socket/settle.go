package socket

import "github.com/securesocketapi/ssa/abi"

// connected enters a connection. told is whether a blocked caller is about to learn of it.
func (s *Socket) connected(conn Conn, told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.conn, s.info, s.attempt, s.told = abi.Connected, conn, conn.Info(), nil, told
}

// failed enters the failure of a connect. A socket that was held shows it for good.
func (s *Socket) failed(err error, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempt, s.conn, s.info, s.lastErr = nil, nil, nil, err
	s.state = abi.Fresh
	if held {
		s.state, s.pending, s.refusal = abi.Failed, err, err
	}
}

// TakeError gives the error of an asynchronous connect to the first who asks, as getsockopt(SO_ERROR) does.
func (s *Socket) TakeError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.pending
	s.pending = nil
	return err
}
