package stdlib

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// Spell writes a value that has been read as text: texts as they are, everything
// else as JSON.
func (by *Caller) Spell(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), by.Spend(fuel.Cell)
	}
	return by.json(v)
}

// json writes what [types.Encode] writes, and pays as the text grows: an encoder
// pays for nothing, and needs several times as much.
func (by *Caller) json(v any) (string, error) {
	w := jsonWriter{fuel.NewText(by.Tank)}
	w.value(v)
	return w.Done()
}

type jsonWriter struct{ *fuel.Text }

func (w jsonWriter) value(v any) {
	switch v := v.(type) {
	case string:
		w.text(v)
	case []any:
		w.Add("[")
		for i, e := range v {
			if i > 0 {
				w.Add(",")
			}
			w.value(e)
		}
		w.Add("]")
	case map[string]any:
		w.object(v)
	case int:
		w.Spend(fuel.Cell)
		w.Add(strconv.Itoa(v))
	default: // a float is written by the encoder
		w.Spend(8 * fuel.Cell)
		w.Add(string(types.Encode(v)))
	}
}

func (w jsonWriter) object(v map[string]any) {
	w.Spend(fuel.Element * len(v))
	w.Add("{")
	for i, k := range sortedNames(v) {
		if i > 0 {
			w.Add(",")
		}
		w.text(k)
		w.Add(":")
		w.value(v[k])
	}
	w.Add("}")
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

func (w jsonWriter) text(s string) {
	w.Add(`"`)
	start := 0 // of what is not written yet
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(r)):
			w.Add(s[start:i], `\ufffd`) // a byte that is not UTF-8
			start = i + 1
		case r < ' ', r == '"', r == '\\', r == '\u2028', r == '\u2029':
			w.Add(s[start:i], w.escape(r))
			start = i + utf8.RuneLen(r)
		}
	}
	w.Add(s[start:], `"`)
}

func (w jsonWriter) escape(r rune) string {
	if i := strings.IndexRune("\"\\\n\r\t\b\f", r); i >= 0 {
		return `\"\\\n\r\t\b\f`[2*i : 2*i+2]
	}
	w.Spend(fuel.Cell)
	return fmt.Sprintf(`\u%04x`, r)
}
