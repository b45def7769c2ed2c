package audit

import "github.com/securesocketapi/ssa/api"

// ring holds the last ringMax records.
type ring struct {
	list []api.Record
	// next is where the next record goes once the list is full: the place of the oldest.
	next int
}

func (r *ring) add(record api.Record) {
	if len(r.list) < ringMax {
		r.list = append(r.list, record)
		return
	}
	r.list[r.next] = record
	r.next = (r.next + 1) % ringMax
}

func (r *ring) len() int { return len(r.list) }

// collect gives the wanted ones, oldest first.
func (r *ring) collect(want func(*api.Record) bool) []api.Record {
	list := []api.Record{}
	for i := range r.list {
		if one := &r.list[(r.next+i)%len(r.list)]; want(one) {
			list = append(list, *one)
		}
	}
	return list
}
