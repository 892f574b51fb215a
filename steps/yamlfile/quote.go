package yamlfile

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// quoting is the part of a node's style that says how a scalar is written.
const quoting = yamltext.SingleQuotedStyle | yamltext.DoubleQuotedStyle | yamltext.LiteralStyle | yamltext.FoldedStyle

// render writes value as a YAML string in the style of the scalar it replaces,
// or in the nearest one in which it stays this string.
func render(value string, style yamltext.Style) (string, yamltext.Style) {
	switch {
	case style == 0 && staysPlain(value):
		return value, 0
	case style == yamltext.DoubleQuotedStyle || !printable(value):
		return doubleQuoted(value, false), yamltext.DoubleQuotedStyle
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'", yamltext.SingleQuotedStyle
}

// renderJSON writes value into a file that is JSON, in the place of a value of a
// tag: a number and a boolean keep their kind when value is one.
func renderJSON(value, tag string) (text, newTag string, style yamltext.Style) {
	switch isNumber := tag == "!!int" || tag == "!!float"; {
	case isNumber && json.Valid([]byte(value)) && strings.ContainsRune("-0123456789", rune(value[0])):
		docs, err := parse([]byte(value))
		if err == nil {
			return value, docs[0].Content[0].ShortTag(), 0
		}
	case tag == "!!bool" && (value == "true" || value == "false"):
		return value, "!!bool", 0
	}
	return doubleQuoted(value, true), "!!str", yamltext.DoubleQuotedStyle
}

// looksTyped matches plain text that some YAML reader takes for a number of YAML 1.1
// (octal, base 60, with underscores) or 1.2, a date, or the end of a document. The
// parser used here would let some of them pass.
var looksTyped = types.Pattern(`^(` +
	`[-+]?[0-9][0-9_]*|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0b[01_]+` +
	`|[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)([eE][-+]?[0-9]+)?` +
	`|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?` +
	`|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?` +
	`|[-+]?\.(?i:inf|nan)|=|<<|(---|\.\.\.).*)$`)

// looksBoolean are the words of YAML 1.1 for true, false and null. Many
// readers of configuration still know them.
var looksBoolean = types.Pattern(`^(?i:y|yes|n|no|true|false|on|off|null|~)?$`)

// staysPlain reports whether value is the same string to every reader without quotes,
// in a block and between braces. The parser has the last word.
func staysPlain(value string) bool {
	if looksTyped().MatchString(value) || looksBoolean().MatchString(value) || !printable(value) {
		return false
	}
	return readsAs("k: "+value+"\n", value) && readsAs("{k: "+value+", l: m}\n", value)
}

func readsAs(text, value string) bool {
	docs, err := parse([]byte(text))
	if err != nil || len(docs) != 1 || len(docs[0].Content) != 1 {
		return false
	}
	m := docs[0].Content[0]
	if m.Kind != yamltext.MappingNode || len(m.Content) < 2 {
		return false
	}
	k, v := m.Content[0], m.Content[1]
	return k.Value == "k" && v.Kind == yamltext.ScalarNode && v.Style == 0 && v.Anchor == "" &&
		v.ShortTag() == "!!str" && v.Value == value && m.LineComment+v.LineComment+k.LineComment == ""
}

// printable reports whether value can stand on one line as it is.
func printable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return !plainRune(r) })
}

func plainRune(r rune) bool {
	return r == ' ' || unicode.IsGraphic(r) && !unicode.In(r, unicode.Zl, unicode.Zp) && r != unicode.ReplacementChar
}

var escapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

// doubleQuoted writes a text with escapes that YAML knows; JSON has none for
// characters beyond 16 bits, and takes them as they are.
func doubleQuoted(value string, isJSON bool) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range value {
		switch esc, special := escapes[r]; {
		case special:
			b.WriteString(esc)
		case plainRune(r), isJSON && r > 0xffff:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
