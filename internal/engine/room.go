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

// seal protects n bytes of the room, from the record at which the first of them begins, and gives the records.
func (r *room) seal(t *traffic, from, n int) []byte {
	begin := from / recordPlain * roomStep
	end := begin
	for at := begin; n > 0; at += roomStep {
		end = at + len(t.seal(r.buf[at:], min(n, recordPlain), typeApplication))
		n -= min(n, recordPlain)
	}
	return r.buf[begin:end]
}
