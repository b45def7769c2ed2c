package policy

import "time"

// An Exception excuses values below the floor, until a date.
type Exception struct {
	Reason string
	Source Source
	// Year, Month and Day are the last day on which it holds, by the machine's own calendar.
	Year  int
	Month time.Month
	Day   int
}

// Alive says whether the exception still holds. A nil exception never does.
func (e *Exception) Alive(now time.Time) bool {
	return e != nil && now.Before(time.Date(e.Year, e.Month, e.Day+1, 0, 0, 0, 0, now.Location()))
}

// Expires is the last day, as in the files: 2027-03-31.
func (e *Exception) Expires() string {
	return time.Date(e.Year, e.Month, e.Day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}
