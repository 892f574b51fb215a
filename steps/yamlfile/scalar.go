package yamlfile

import (
	"math"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// scalar is what a scalar node means by YAML 1.2's core schema. The parser
// itself mixes the rules of 1.1 and 1.2 (dates, 0123 as octal, 1_000), which
// no one expects of a JSONPath comparison.
type scalar struct {
	tag   string // !!str !!int !!float !!bool !!null
	text  string
	value any // string, int, float64, bool or nil
}

var (
	coreInt   = types.Pattern(`^[-+]?[0-9]+$`)
	coreFloat = types.Pattern(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	coreInf   = types.Pattern(`^[-+]?\.(inf|Inf|INF)$`)
)

// typed reads a scalar node. Quoted, block and !!str scalars are strings
// whatever they look like; so are tags this package does not know.
func typed(n *yamltext.Node) scalar {
	s := core(n.Value)
	if tagged := n.Style&yamltext.TaggedStyle != 0; tagged && s.tag == n.ShortTag() || n.Style == 0 {
		return s
	}
	return scalar{"!!str", n.Value, n.Value}
}

// core types plain text.
func core(text string) scalar {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return scalar{"!!null", text, nil}
	case "true", "True", "TRUE":
		return scalar{"!!bool", text, true}
	case "false", "False", "FALSE":
		return scalar{"!!bool", text, false}
	case ".nan", ".NaN", ".NAN":
		return scalar{"!!float", text, text} // no JSON number
	}
	if coreInf().MatchString(text) {
		return scalar{"!!float", text, text}
	}
	if n, ok := coreInteger(text); ok {
		return scalar{"!!int", text, n}
	}
	if coreFloat().MatchString(text) {
		if coreInt().MatchString(text) {
			return scalar{"!!int", text, text} // beyond 64 bits: its digits, not a rounded number
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) {
			return scalar{"!!float", text, f}
		}
		return scalar{"!!float", text, text}
	}
	return scalar{"!!str", text, text}
}

func coreInteger(text string) (int, bool) {
	digits, base := text, 10
	switch {
	case strings.HasPrefix(text, "0x"):
		digits, base = text[2:], 16
	case strings.HasPrefix(text, "0o"):
		digits, base = text[2:], 8
	case !coreInt().MatchString(text):
		return 0, false
	}
	if base != 10 && strings.ContainsAny(digits, "+-") {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, base, 64)
	return int(n), err == nil
}

// forPath returns the scalar in the form the JSONPath library compares: it
// reads numbers by Go's rules and takes what it cannot read for zero.
func (s scalar) forPath() (tag, value string) {
	switch v := s.value.(type) {
	case int:
		return "!!int", strconv.Itoa(v)
	case bool:
		return "!!bool", strconv.FormatBool(v)
	}
	switch {
	case s.tag == "!!int": // beyond 64 bits
		return "!!float", s.text
	case s.tag == "!!float" && !strings.ContainsAny(s.text, "0123456789"):
		return "!!float", strings.Replace(s.text, ".", "", 1) // .inf, .nan
	}
	return s.tag, s.text
}
