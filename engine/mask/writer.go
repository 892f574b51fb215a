package mask

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// Writer masks a stream of text. What could be the beginning of a credential is
// held back until more of the stream says what it is, or until [Writer.Flush].
type Writer struct {
	mu   sync.Mutex
	m    func() *Mask
	w    io.Writer
	held string
}

// NewWriter returns a Writer; m is asked at each write, since credentials may
// become known while the stream is open.
func NewWriter(w io.Writer, m func() *Mask) *Writer { return &Writer{m: m, w: w} }

// Write masks and writes what is sure to be no part of a credential.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.held + string(p)
	w.held = ""
	if s := w.m().searcher(); s != nil {
		spans := s.find(text)
		cut := s.open(text)
		for _, found := range spans {
			if found.to > cut && found.from < cut {
				cut = len(text) // what is found is not torn
			}
		}
		w.held = text[cut:]
		text = w.m().Text(text[:cut])
	}
	if text == "" {
		return len(p), nil
	}
	if _, err := io.WriteString(w.w, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what is held back.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.held
	w.held = ""
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w.w, w.m().Text(text))
	return err
}

// fewest is how many characters of a credential, and at least half of it, at the
// end of a line make the next one be waited for: lines are mostly whole, and what
// is held back is lost when the process is killed. Where the line continues, one is
// enough.
const fewest = 8

// open is where the part of a text begins that may continue as a credential; its
// length when there is none.
func (s *searcher) open(text string) int {
	from := max(0, len(text)-s.reach)
	end := text[from:]
	cut, least := len(text), 1
	if strings.HasSuffix(text, "\n") {
		least = fewest
	}
	try := func(part string) {
		for v, more, depth := (view{text: part}), true, 0; more && depth < deepest; depth++ {
			for in := range streams {
				if at, ok := s.begun(v, in, least); ok {
					cut = min(cut, from+at)
				}
			}
			v, more = v.below()
		}
	}
	try(end)
	for n := len(end); least == 1 && n > 0 && class[end[n-1]]&inBase64 != 0; n-- {
		cut = min(cut, from+n-1) // what it is encodes something only when it is whole
	}
	for n := 1; n <= min(longest, len(end)); n++ { // an escape, or a character, may be cut through
		if class[end[len(end)-n]]&isEscape != 0 {
			try(end[:len(end)-n])
			if least == 1 && unfinished(end[len(end)-n:]) {
				cut = min(cut, len(text)-n)
			}
		}
	}
	return cut
}

// unfinished reports whether a text may be the beginning of an escape.
func unfinished(text string) bool {
	switch text[0] {
	case '&':
		return strings.IndexFunc(text[1:], func(r rune) bool { return r > 0x7f || r != '#' && class[byte(r)]&inLetters == 0 }) < 0
	case 0x1b:
		return strings.Trim(text[1:], "[0123456789;?()") == ""
	case '<':
		return strings.IndexFunc(text[1:], func(r rune) bool { return r == '>' || r > 0x7f }) < 0
	case ']', '\b':
		return strings.Trim(text[1:], "]") == ""
	}
	if text[0] >= utf8.RuneSelf {
		return !utf8.FullRuneInString(text)
	}
	if strings.Trim(text[1:], "0123456789abcdefABCDEFuUx{") != "" {
		return false
	}
	_, n := unescaped(text)
	return n == 0 || text[0] == '\\' && (n == 2 || n == len(text) && class[text[1]]&inHex != 0)
}

// begun looks for the longest beginning of a form that a stream ends with.
func (s *searcher) begun(v view, in stream, least int) (at int, ok bool) {
	read, places := v.read(in)
	best := 0
	for _, text := range s.begins[in] {
		enough := least
		if least > 1 {
			enough = max(least, len(text)/2)
		}
		for n := min(len(text)-1, len(read)); n >= enough && n > best; n-- {
			if string(read[len(read)-n:]) == text[:n] {
				best = n
			}
		}
	}
	if best == 0 {
		return 0, false
	}
	first := places[len(places)-best]
	return v.source(span{first, first + 1}).from, true
}
