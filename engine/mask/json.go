package mask

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// JSON returns JSON with the credentials masked in its texts and names. All else
// of it, layout and order included, stays as it is, and it stays JSON. Texts that
// hold a credential only together, such as the lines of a list, go as a whole.
func (m *Mask) JSON(data []byte) []byte {
	spans := m.find(string(data))
	if len(spans) == 0 {
		return data
	}
	var out bytes.Buffer
	for at := 0; at < len(data); {
		start := bytes.IndexByte(data[at:], '"')
		if start < 0 {
			out.Write(m.numbers(data[at:]))
			break
		}
		out.Write(m.numbers(data[at : at+start]))
		at += start
		end := closing(data, at)
		if whole, torn := covered(spans, span{at, end}); whole || torn {
			out.WriteString(`"` + types.Secret{}.String() + `"`)
		} else {
			out.Write(m.literal(data[at:end]))
		}
		at = end
	}
	return out.Bytes()
}

// covered reports whether one of the spans holds all that is in a literal, and
// whether one stands in it and beyond it. One character may be a name that
// happens to fit.
func covered(spans []span, literal span) (whole, torn bool) {
	for _, p := range spans[endingBehind(spans, literal.from):] {
		if p.from >= literal.to {
			break
		}
		inside := min(p.to, literal.to-1) - max(p.from, literal.from+1)
		whole = whole || inside > 1 && inside == literal.to-literal.from-2
		torn = torn || inside > 1 && (p.from < literal.from || p.to > literal.to)
	}
	return whole, torn
}

// closing is where the literal that begins at a place ends.
func closing(data []byte, at int) int {
	for i := at + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

func (m *Mask) literal(raw []byte) []byte {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return []byte(m.Text(string(raw)))
	}
	hidden, found := m.text(text)
	if !found {
		return raw
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(hidden) // a text can be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// numbers masks what stands between texts: a credential that is a number becomes
// zero, so that it stays one.
func (m *Mask) numbers(raw []byte) []byte {
	if len(raw) < Shortest {
		return raw
	}
	text := string(raw)
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, secret := range m.known {
		if strings.Trim(secret, "0123456789") == "" {
			text = strings.ReplaceAll(text, secret, "0")
		}
	}
	return []byte(text)
}
