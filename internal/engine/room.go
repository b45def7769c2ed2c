package engine

// room is where plaintext is put so that it can be protected in place: the records it becomes stand behind each
// other without a gap, for one system call.
type room struct {
	buf    []byte
	pieces [][]byte
}

// roomStep is from one record to the next, roomRecords how many there are.
const (
	roomStep    = frameHeader + recordPlain + recordExtra
	roomRecords = runPlain / recordPlain
)

func newRoom() *room {
	r := &room{buf: make([]byte, roomRecords*roomStep)}
	for at := frameHeader; at < len(r.buf); at += roomStep {
		r.pieces = append(r.pieces, r.buf[at:at+recordPlain:at+recordPlain])
	}
	return r
}

// seal protects the first n bytes of the room and gives the records.
func (r *room) seal(t *traffic, n int) []byte {
	end := 0
	for i := 0; n > 0; i++ {
		end = i*roomStep + len(t.seal(r.buf[i*roomStep:], min(n, recordPlain), typeApplication))
		n -= min(n, recordPlain)
	}
	return r.buf[:end]
}
