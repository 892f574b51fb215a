package execute

import (
	"strings"
	"unicode/utf8"
)

// tail keeps the end of what is written to it, and counts all.
type tail struct {
	kept  []byte // up to twice the limit, so that little is moved
	limit int
	total int
}

// defaultOutput is how much is kept when the step does not say.
const defaultOutput = 64 << 10

func newTail(limit int) *tail {
	if limit <= 0 {
		limit = defaultOutput
	}
	return &tail{limit: limit}
}

// Write keeps the end of p.
func (t *tail) Write(p []byte) (int, error) {
	t.total += len(p)
	t.kept = append(t.kept, p[max(0, len(p)-t.limit):]...)
	if len(t.kept) > 2*t.limit {
		t.kept = append(t.kept[:0], t.end()...)
	}
	return len(p), nil
}

func (t *tail) end() []byte { return t.kept[max(0, len(t.kept)-t.limit):] }

func (t *tail) cut() bool { return t.total > t.limit }

// String returns the end as text; half a character at its beginning is left
// out.
func (t *tail) String() string {
	b := t.end()
	for i := 0; t.cut() && i < utf8.UTFMax-1 && len(b) > 0 && !utf8.RuneStart(b[0]); i++ {
		b = b[1:]
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
