package wire

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/securesocketapi/ssa/internal/socket"
)

// proofSize is the size of a proof in bytes.
const proofSize = sha256.Size

// A Supervisor is the process at the other end of a link, as the kernel names it.
type Supervisor struct {
	PID, UID int
	// Start is when it started, in clock ticks since boot (field 22 of proc_pid_stat(5)): with the number it names one
	// process of this boot.
	Start uint64
}

// prove makes the proof that the service has established for a supervisor who a program is. A service that is started
// again with the same key knows it; nobody without the key can make one.
func prove(key []byte, s Supervisor, a socket.App) (proof [proofSize]byte) {
	e := encoder{}
	e.string("ssa identity 1")
	e.int(s.PID)
	e.int(s.UID)
	e.u64(s.Start)
	e.app(a)
	mac := hmac.New(sha256.New, key)
	mac.Write(e.b)
	mac.Sum(proof[:0])
	return proof
}

// proven says whether a credential is one that this service has given to the supervisor.
func (c credential) proven(key []byte, s Supervisor) bool {
	want := prove(key, s, c.app)
	return hmac.Equal(want[:], c.proof[:])
}
