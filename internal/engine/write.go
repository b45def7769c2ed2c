package engine

import "errors"

func (r *records) room() [][]byte {
	if r.fresh == nil {
		r.fresh, _ = rooms.Get().(*room)
	}
	return r.fresh.pieces
}

// errEnded is writing after close_notify, or after the alert that ended the connection.
var errEnded = errors.New("protocol is shutdown")

// write protects the first n bytes of a room and puts the records behind what waits.
func (r *records) write(n int) error {
	fresh := r.fresh
	r.fresh = nil
	if n == 0 {
		rooms.Put(fresh)
		return nil
	}
	err := r.renew()
	if err == nil {
		err = r.seal(fresh, n)
	}
	if err != nil {
		rooms.Put(fresh)
	}
	return err
}

// seal protects the first n bytes of a room. Unless something waits, the network has the first records while the next are
// made. What is left waits.
func (r *records) seal(fresh *room, n int) error {
	rest, early := fresh.buf[:0], len(r.net.out.chunks) == 0
	for from := 0; from < n; from += stepPlain {
		sealed := fresh.seal(r.out, from, min(n-from, stepPlain))
		rest = rest[:len(rest)+len(sealed)]
		if last := from+stepPlain >= n; last || !early {
			continue
		}
		var err error
		if rest, err = r.net.give(rest); err != nil {
			return err
		}
		early = len(rest) == 0
	}
	r.net.out.chunks = append(r.net.out.chunks, chunk{rest: rest, room: fresh})
	return nil
}

// renew goes on to new keys when the old ones have protected all they bear.
func (r *records) renew() error {
	if r.ended {
		return errEnded
	}
	if r.out.seq <= sealsMax {
		return nil
	}
	if err := r.net.out.add(r.keyUpdate()); err != nil {
		return err
	}
	return r.out.update()
}

// keyUpdate is a KeyUpdate that asks for none, protected with the old keys.
func (r *records) keyUpdate() []byte {
	return r.message(typeHandshake, postKeyUpdate, 0, 0, 1, updateAnswered)
}

func (r *records) closeWrite() error {
	if r.ended {
		return errEnded
	}
	r.ended = true
	return r.net.out.add(r.message(typeAlert, alertWarning, byte(alertClose)))
}
