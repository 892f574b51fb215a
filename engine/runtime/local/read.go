package local

import "github.com/skillrun/skillrun/engine/runtime"

func (r *runner) do(w *worker) {
	a := w.action
	if !r.mayLook(w) {
		return
	}
	rec := runtime.RecordOf(a)
	var out []byte
	s, err := r.step(a.Step)
	if err == nil {
		err = r.ready(w.ctx, s, a.Input)
	}
	if err == nil {
		out, err = r.call(w.call, s, rec, false)
	}
	_, live := r.Machine.Live(a.Path)
	switch {
	case w.ctx.Err() != nil || !live: // what was done is done again, or nothing needs it
	case err == nil:
		r.done(rec, a, out, false)
	case r.expireOverdue(w):
	case w.call.Err() != nil:
		r.drop(a)
	default:
		r.failed(rec, a, err)
	}
}
