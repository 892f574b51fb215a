// Package mask hides credentials in text on its way out: to journals, plans,
// results, events and terminals. There is one function for all of it, and
// whatever a service, a program or a file says passes it where it comes in.
//
// # What is found
//
// A service that echoes a request, a program that dumps its environment, an
// error that quotes a header: each writes the credential in its own way. So it
// is not looked for as it stands only. The text is read several times, each
// time with one more layer of escapes taken off (percent, JSON, HTML,
// quoted-printable, octal and hexadecimal escapes, terminal sequences), until
// no layer is left; what a page puts around words, what no one sees, and what
// tells letters from those that look alike are such layers too. At each layer the
// credential is looked for without regard to case, line breaks, quotes and
// backslashes, and also as its hexadecimal, decimal, binary, base32 and base64
// form; the last ones at every offset, since `user:token` is a common thing to
// encode. Long runs of base64, and dumps, are decoded and looked through in turn.
// Of a credential that no one can guess, half is enough.
//
// # What is not
//
// A credential of fewer than [Shortest] bytes is not looked for: it would hide
// words. Nor is one that was compressed, encrypted or reversed, or of which
// something shows only a small part.
package mask

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/engine/types"
)

// Shortest is the length of the shortest credential that is looked for.
const Shortest = 6

// TooShort reports whether a credential is one that is not looked for.
func TooShort(s types.Secret) bool { return !s.IsZero() && len(s.Reveal()) < Shortest }

// Mask hides the credentials that it knows. A nil Mask hides nothing. It may be
// used and taught side by side.
type Mask struct {
	mu     sync.RWMutex
	known  []string
	search *searcher
}

// New returns a Mask that knows the credentials.
func New(secrets ...types.Secret) *Mask {
	m := &Mask{}
	m.Learn(secrets...)
	return m
}

// Learn makes the Mask know more credentials, such as one that a helper gave
// while a run was on its way.
func (m *Mask) Learn(secrets ...types.Secret) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.known)
	for _, s := range secrets {
		if text := s.Reveal(); len(text) >= Shortest && !slices.Contains(m.known, text) {
			m.known = append(m.known, text)
		}
	}
	if len(m.known) > before {
		m.search = newSearcher(m.known)
	}
}

func (m *Mask) searcher() *searcher {
	if m == nil {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.search
}

// Text returns the text with ‹secret›, as a [types.Secret] prints, in the place of
// each credential.
func (m *Mask) Text(text string) string {
	out, _ := m.text(text)
	return out
}

// Finds reports whether a credential stands in the text.
func (m *Mask) Finds(text string) bool { return len(m.find(text)) > 0 }

func (m *Mask) find(text string) []span {
	s := m.searcher()
	if s == nil {
		return nil
	}
	return s.find(text)
}

func (m *Mask) text(text string) (string, bool) {
	spans := m.find(text)
	if len(spans) == 0 {
		return text, false
	}
	return replaced(text, spans), true
}

// replaced is the text without what the spans hold, which are in order.
func replaced(text string, spans []span) string {
	var b strings.Builder
	at := 0
	for _, p := range spans {
		b.WriteString(text[at:p.from])
		b.WriteString(types.Secret{}.String())
		at = p.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// span is a part of a text, from its first byte to behind its last.
type span struct{ from, to int }

// merged puts spans in order and makes one of those that touch.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out []span
	for _, p := range spans {
		if last := len(out) - 1; last >= 0 && p.from <= out[last].to {
			out[last].to = max(out[last].to, p.to)
			continue
		}
		out = append(out, p)
	}
	return out
}
