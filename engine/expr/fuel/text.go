package fuel

import "strings"

// Text is a text that is made piece by piece and put together once, at the end,
// so that it costs its length and not that of all its beginnings. Once the tank
// is empty it takes nothing any more: who makes it may ask for the error at the
// end.
type Text struct {
	tank  *Tank
	err   error
	parts []string
	size  int             // of the parts
	short strings.Builder // short pieces are copied together
	from  int             // what of short is in no part yet
}

// Short pieces are copied into rooms that double up to this size, and have a
// quarter of it at most.
const room = 4 << 10

// NewText returns an empty text that is paid for from t.
func NewText(t *Tank) *Text { return &Text{tank: t} }

// Add puts pieces behind what is there.
func (x *Text) Add(pieces ...string) {
	for _, s := range pieces {
		if len(s) > room/4 {
			x.cut()
			x.part(s)
			continue
		}
		if x.short.Cap()-x.short.Len() < len(s) {
			x.cut()
			n := max(len(s), min(room, x.size), 2*Cell)
			if x.Spend(n + n/4); x.err != nil {
				return
			}
			x.short, x.from = strings.Builder{}, 0
			x.short.Grow(n)
		}
		x.short.WriteString(s)
	}
}

// cut makes the short pieces since the last part the next one.
func (x *Text) cut() {
	if n := x.short.Len(); n > x.from {
		x.part(x.short.String()[x.from:])
		x.from = n
	}
}

func (x *Text) part(s string) {
	if x.Spend(len(s) + Grown); x.err == nil {
		x.parts = append(x.parts, s)
		x.size += len(s)
	}
}

// Spend takes n bytes for what is made beside the text.
func (x *Text) Spend(n int) {
	if x.err == nil {
		x.err = x.tank.Spend(n)
	}
}

// Err returns why the text takes nothing any more, or nil.
func (x *Text) Err() error { return x.err }

// Done returns the text, or why it could not be made.
func (x *Text) Done() (string, error) {
	if x.cut(); x.err != nil {
		return "", x.err
	}
	return strings.Join(x.parts, ""), nil
}
