package local

// work is the part of a key that all effects of a piece of work share, whatever
// run makes them.
func (r *runner) work() string { return r.Header.Work }
