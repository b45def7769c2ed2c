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
	if err := r.renew(); err != nil {
		rooms.Put(fresh)
		return err
	}
	r.net.out.chunks = append(r.net.out.chunks, chunk{rest: fresh.seal(r.out, n), room: fresh})
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
