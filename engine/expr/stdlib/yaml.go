package stdlib

import (
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
)

func runYAML(by *Caller, args []any) (any, error) {
	w := yamlWriter{jsonWriter{fuel.NewText(by.Tank)}}
	w.yaml(args[0], 0, "", "")
	return w.Done()
}

// yamlWriter writes a value as YAML in block style; scalars are as in JSON.
type yamlWriter struct{ jsonWriter }

// yaml writes v behind what stands on the line already. before goes before a
// scalar, start before the first line of a list or an object: nothing, a line's
// end, or a space behind a dash.
func (w yamlWriter) yaml(v any, indent int, before, start string) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			w.Add(before, "[]\n")
		}
		for _, e := range v {
			w.Add(lead(start, indent), "-")
			w.yaml(e, indent+2, " ", " ")
			start = ""
		}
	case map[string]any:
		w.yamlObject(v, indent, before, start)
	default:
		w.Add(before)
		w.scalar(v)
		w.Add("\n")
	}
}

func (w yamlWriter) yamlObject(v map[string]any, indent int, before, start string) {
	if len(v) == 0 {
		w.Add(before, "{}\n")
		return
	}
	w.Spend(fuel.Element * len(v))
	for _, k := range sortedNames(v) {
		w.Add(lead(start, indent))
		w.scalar(k)
		w.Add(":")
		w.yaml(v[k], indent+2, " ", "\n")
		start = ""
	}
}

func (w yamlWriter) scalar(v any) {
	if s, ok := v.(string); ok && plain(s) {
		w.Add(s)
		return
	}
	w.value(v)
}

// lead is what stands before the first word of a line, which may follow a dash.
func lead(start string, indent int) string {
	if start == " " {
		return start
	}
	return start + strings.Repeat(" ", indent)
}

// plain reports whether every version of YAML reads a text without quotes as text.
func plain(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return false
	}
	for i := range len(s) {
		b := s[i]
		if !IsLetter(b) && b != '_' && (i == 0 || (b < '0' || b > '9') && strings.IndexByte("-./", b) < 0) {
			return false
		}
	}
	return s != ""
}
