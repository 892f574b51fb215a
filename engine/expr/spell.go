package expr

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// spell writes a value that has been read as text: texts as they are,
// everything else as JSON.
func (ev *evaluator) spell(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), ev.fuel.Spend(fuel.Cell)
	}
	return ev.json(v)
}

// json writes what [types.Encode] writes, into room that was paid for before it
// was made: an encoder that grows its buffer needs several times as much.
func (ev *evaluator) json(v any) (string, error) {
	size, names := jsonSize(v)
	if err := ev.fuel.Spend(size + fuel.Cell + fuel.Element*names); err != nil {
		return "", err
	}
	var w jsonWriter
	w.Grow(size)
	w.value(v)
	return w.String(), nil
}

// numberSize is more than any number takes as JSON, and float64 takes the
// detour over the encoder.
const (
	integerSize = 20
	floatSize   = 400
)

// jsonSize is an upper bound of the length of v as JSON, and how many names its
// objects have, which are sorted.
func jsonSize(v any) (size, names int) {
	switch v := v.(type) {
	case string:
		return quotedSize(v), 0
	case int:
		return integerSize, 0
	case float64:
		return floatSize, 0
	case []any:
		size = 2
		for _, e := range v {
			s, n := jsonSize(e)
			size, names = size+s+1, names+n
		}
		return size, names
	case map[string]any:
		size = 2
		for k, e := range v {
			s, n := jsonSize(e)
			size, names = size+quotedSize(k)+s+2, names+n+1
		}
		return size, names
	}
	return len("false"), 0
}

// quotedSize is how long a text is as JSON.
func quotedSize(s string) int {
	size := 2
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		size += max(n, escapedSize(r, n))
		i += n
	}
	return size
}

// escapedSize is how long the escape of a character of n bytes is, 0 when it
// stands for itself. What is not UTF-8 becomes the sign for that.
func escapedSize(r rune, n int) int {
	switch {
	case r == '"', r == '\\', r == '\n', r == '\r', r == '\t', r == '\b', r == '\f':
		return 2
	case r < ' ', r == '\u2028', r == '\u2029', r == utf8.RuneError && n == 1:
		return 6
	}
	return 0
}

type jsonWriter struct{ strings.Builder }

func (w *jsonWriter) value(v any) {
	switch v := v.(type) {
	case string:
		w.text(v)
	case int:
		w.WriteString(strconv.Itoa(v))
	case []any:
		w.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			w.value(e)
		}
		w.WriteByte(']')
	case map[string]any:
		w.object(v)
	default:
		w.Write(types.Encode(v))
	}
}

func (w *jsonWriter) object(v map[string]any) {
	w.WriteByte('{')
	for i, k := range sortedNames(v) {
		if i > 0 {
			w.WriteByte(',')
		}
		w.text(k)
		w.WriteByte(':')
		w.value(v[k])
	}
	w.WriteByte('}')
}

// sortedNames returns the names of v in order, in a slice of just their number.
func sortedNames(v map[string]any) []string {
	names := make([]string, 0, len(v))
	for k := range v {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

func (w *jsonWriter) text(s string) {
	w.WriteByte('"')
	start := 0 // of what is not written yet
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if escapedSize(r, n) > 0 {
			w.WriteString(s[start:i])
			w.escape(r)
			start = i + n
		}
		i += n
	}
	w.WriteString(s[start:])
	w.WriteByte('"')
}

func (w *jsonWriter) escape(r rune) {
	w.WriteByte('\\')
	switch r {
	case '"', '\\':
		w.WriteByte(byte(r))
	case '\n':
		w.WriteByte('n')
	case '\r':
		w.WriteByte('r')
	case '\t':
		w.WriteByte('t')
	case '\b':
		w.WriteByte('b')
	case '\f':
		w.WriteByte('f')
	default:
		const hex = "0123456789abcdef"
		for _, b := range []byte{'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15]} {
			w.WriteByte(b)
		}
	}
}
