package execute

import (
	"strings"
	"unicode/utf8"
)

// tail keeps the end of what is written to it, and counts all.
type tail struct {
	kept  []byte // up to twice what is kept, so that little is moved
	limit int
	total int
}

// before is how much is kept before the end: a cut credential is known by all of it.
const before = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.total += len(p)
	keep := t.limit + before
	t.kept = append(t.kept, p[max(0, len(p)-keep):]...)
	if len(t.kept) > 2*keep {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-keep:]...)
	}
	return len(p), nil
}

func (t *tail) cut() bool { return t.total > t.limit }

// text returns the end as hide leaves it, without half a character at its beginning.
func (t *tail) text(hide func(string) string) string {
	text := hide(string(t.kept))
	if t.cut() {
		text = text[max(0, len(text)-t.limit):]
		for i := 0; i < utf8.UTFMax-1 && text != "" && !utf8.RuneStart(text[0]); i++ {
			text = text[1:]
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
