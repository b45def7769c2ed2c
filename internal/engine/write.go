package engine

import "errors"

func (r *records) room() [][]byte {
	if r.fresh == nil {
		r.fresh, _ = rooms.Get().(*room)
	}
	return r.fresh.pieces
}

func (r *records) write(n int) error {
	fresh := r.fresh
	r.fresh = nil
	defer rooms.Put(fresh)
	if n == 0 {
		return nil
	}
	waiting, run, err := r.seal(fresh, n)
	if err != nil {
		return err
	}
	return r.net.sendRun(waiting, run)
}

// errEnded is writing after close_notify, or after the alert that ended the connection.
var errEnded = errors.New("protocol is shutdown")

// seal protects the first n bytes of a room, and takes over the records that wait for the network: what is sealed
// from now on waits behind both.
func (r *records) seal(fresh *room, n int) (waiting *[]byte, run []byte, err error) {
	o := &r.net.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.ended {
		return nil, nil, errEnded
	}
	if r.out.seq > sealsMax {
		err = o.add(r.keyUpdate())
		if err == nil {
			err = r.out.update()
		}
	}
	if err != nil {
		return nil, nil, err
	}
	waiting, o.run, o.flushing = o.run, nil, true
	return waiting, fresh.seal(r.out, n), nil
}

// keyUpdate is a KeyUpdate that asks for none, protected with the old keys. net.out.mu is held.
func (r *records) keyUpdate() []byte {
	return r.message(typeHandshake, postKeyUpdate, 0, 0, 1, updateAnswered)
}

func (r *records) closeWrite() error {
	o := &r.net.out
	o.mu.Lock()
	if r.ended {
		o.mu.Unlock()
		return errEnded
	}
	r.ended = true
	err := o.add(r.message(typeAlert, alertWarning, byte(alertClose)))
	o.mu.Unlock()
	return errors.Join(err, r.net.flush())
}
