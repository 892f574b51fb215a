// Package yamltext lets a parser of YAML 1.1 read the texts of YAML 1.2. In
// these, U+0085, U+2028 and U+2029 are characters like others and no line
// breaks (section 5.4 of the specification), a directive %YAML 1.2 may stand
// before a document (6.8.1), and directives that nobody knows are passed over
// (6.8).
package yamltext

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// Decoder reads the documents of a text, one after another, as yaml.Decoder
// does. Lines and columns of nodes are those of the text.
type Decoder struct {
	decoder  *yaml.Decoder
	original func(string) string
}

// NewDecoder returns a decoder of a text. What it reads is as long as the text,
// byte for byte, with every line and column where it was.
func NewDecoder(text string) *Decoder {
	there, back := substitutes(text)
	return &Decoder{yaml.NewDecoder(strings.NewReader(there(directives(text)))), back}
}

// Decode reads the next document, or fails with io.EOF. The library below
// panics on some input.
func (d *Decoder) Decode(n *yaml.Node) error {
	if err := d.decoder.Decode(n); err != nil {
		return err
	}
	d.restore(n)
	return nil
}

// restore gives scalars the characters that they have in the text.
func (d *Decoder) restore(n *yaml.Node) {
	n.Value = d.original(n.Value)
	for _, c := range n.Content {
		d.restore(c)
	}
}

var breaks11 = []rune{'\u0085', '\u2028', '\u2029'}

func unchanged(s string) string { return s }

// substitutes puts characters that the text does not hold in the place of what
// 1.1 takes for line breaks: of the same length, so that all places stay.
func substitutes(text string) (there, back func(string) string) {
	if !strings.ContainsAny(text, string(breaks11)) {
		return unchanged, unchanged
	}
	var to, from []string
	next := map[int]rune{2: 'À', 3: '\ue000'} // letters and private characters
	for _, b := range breaks11 {
		n := len(string(b))
		for holds(text, next[n]) {
			next[n]++
		}
		to = append(to, string(b), string(next[n]))
		from = append(from, string(next[n]), string(b))
		next[n]++
	}
	return strings.NewReplacer(to...).Replace, strings.NewReplacer(from...).Replace
}

var escape = regexp.MustCompile(`\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`)

// holds reports whether a scalar of the text can hold a character: as it is, or
// as an escape.
func holds(text string, r rune) bool {
	if !unicode.IsPrint(r) && !unicode.Is(unicode.Co, r) || strings.ContainsRune(text, r) {
		return true
	}
	for _, e := range escape.FindAllString(text, -1) {
		if n, err := strconv.ParseUint(e[2:], 16, 32); err == nil && rune(n) == r {
			return true
		}
	}
	return false
}

var version = regexp.MustCompile(`^%YAML[ \t]+1\.([0-9]+)`)

// directives makes those of a later version ones of 1.1, and what nobody knows a
// comment. They stand before the first document, and after a line of three dots.
func directives(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	out := []byte(text)
	before := true
	for at := 0; at < len(text); {
		end := len(text)
		if n := strings.IndexAny(text[at:], "\r\n"); n >= 0 {
			end = at + n
		}
		line := strings.TrimPrefix(text[at:end], "\ufeff")
		begin := end - len(line)
		m := version.FindStringSubmatchIndex(line)
		switch {
		case line == "...", strings.HasPrefix(line, "... "), strings.HasPrefix(line, "...\t"):
			before = true
		case !before, strings.TrimLeft(line, " \t") == "", strings.TrimLeft(line, " \t")[0] == '#':
		case m != nil:
			copy(out[begin+m[2]:begin+m[3]], "1"+strings.Repeat(" ", m[3]-m[2]-1))
		case strings.HasPrefix(line, "%YAML"), strings.HasPrefix(line, "%TAG"): // known, or wrong
		case line[0] == '%':
			out[begin] = '#'
		default:
			before = false
		}
		at = end + 1
	}
	return string(out)
}
