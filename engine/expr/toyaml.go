package expr

import (
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
)

func runYAML(ev *evaluator, args []any) (any, error) {
	w := yamlWriter{textWriter{ev: ev}}
	if err := w.value(args[0], 0, "", ""); err != nil {
		return nil, err
	}
	return strings.Join(w.pieces, ""), nil
}

// yamlWriter writes a value as YAML in block style.
type yamlWriter struct{ textWriter }

// value writes v behind what stands on the line already. before goes before a
// scalar, start before the first line of a list or an object: nothing, a line's
// end, or a space behind a dash.
func (w *yamlWriter) value(v any, indent int, before, start string) error {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return w.all(before, "[]\n")
		}
		for _, e := range v {
			if err := w.all(lead(start, indent), "-"); err != nil {
				return err
			}
			if err := w.value(e, indent+2, " ", " "); err != nil {
				return err
			}
			start = ""
		}
		return nil
	case map[string]any:
		return w.object(v, indent, before, start)
	case string:
		if plain(v) {
			return w.all(before, v, "\n")
		}
	}
	s, err := w.ev.json(v)
	if err != nil {
		return err
	}
	return w.all(before, s, "\n")
}

func (w *yamlWriter) object(v map[string]any, indent int, before, start string) error {
	if len(v) == 0 {
		return w.all(before, "{}\n")
	}
	if err := w.ev.fuel.Spend(fuel.Element * len(v)); err != nil {
		return err
	}
	for _, k := range sortedNames(v) {
		name := k
		if !plain(k) {
			var err error
			if name, err = w.ev.json(k); err != nil {
				return err
			}
		}
		if err := w.all(lead(start, indent), name, ":"); err != nil {
			return err
		}
		if err := w.value(v[k], indent+2, " ", "\n"); err != nil {
			return err
		}
		start = ""
	}
	return nil
}

func (w *yamlWriter) all(pieces ...string) error {
	for _, s := range pieces {
		if s == "" {
			continue
		}
		if err := w.write(s); err != nil {
			return err
		}
	}
	return nil
}

// lead is what stands before the first word of a line. Behind a dash the line
// has begun.
func lead(start string, indent int) string {
	if start == " " {
		return start
	}
	return start + strings.Repeat(" ", indent)
}

// plain reports whether a text can stand in YAML without quotes and be read as
// a text by every version of it.
func plain(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return false
	}
	for i := range len(s) {
		b := s[i]
		if !isLetter(b) && b != '_' && (i == 0 || !unreserved(b) && b != '/' || b == '~') {
			return false
		}
	}
	return s != ""
}
