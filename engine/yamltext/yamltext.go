// Package yamltext reads YAML 1.2 as nodes, with a parser of YAML 1.1. In
// these, U+0085, U+2028 and U+2029 are characters like others and no line
// breaks (section 5.4 of the specification), a directive %YAML 1.2 may stand
// before a document (6.8.1), and unknown directives are passed over
// (6.8). And JSON is YAML: an escaped pair such as \ud83d\ude00 is one character.
package yamltext

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
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
// 1.1 takes for line breaks, and of JSON's pairs: of the same length, so that all
// places stay.
func substitutes(text string) (there, back func(string) string) {
	breaks, paired := strings.ContainsAny(text, string(breaks11)), pairs(text)
	if !breaks && len(paired) == 0 {
		return unchanged, unchanged
	}
	f := free{held: held(text), next: map[int]rune{2: 'À', 3: '\ue000'}} // letters and private characters
	var to, from []string
	for _, b := range breaks11 {
		if breaks {
			r, _ := f.take(len(string(b)))
			to, from = append(to, string(b), string(r)), append(from, string(r), string(b))
		}
	}
	escapes := map[string]string{}
	for _, pair := range paired {
		r, ok := f.take(3)
		if !ok {
			break // it stays what it is, which is no YAML
		}
		escapes[pair] = fmt.Sprintf(`\u%04x\u%04x`, r, r)
		from = append(from, string([]rune{r, r}), character(pair), escapes[pair], pair)
	}
	forth := strings.NewReplacer(to...)
	return func(s string) string { return forth.Replace(escaped(s, escapes)) }, strings.NewReplacer(from...).Replace
}

// free gives characters that a text does not hold, by their length in bytes.
type free struct {
	held map[rune]bool
	next map[int]rune
}

func (f *free) take(size int) (rune, bool) {
	for r := f.next[size]; len(string(r)) == size; r++ {
		if !f.held[r] && (unicode.IsPrint(r) || unicode.Is(unicode.Co, r)) {
			f.next[size] = r + 1
			return r, true
		}
	}
	return 0, false
}

var escape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`)
})

// held are the characters that a scalar of the text can hold, also as escapes.
func held(text string) map[rune]bool {
	out := map[rune]bool{}
	for _, r := range text {
		if r >= 'À' {
			out[r] = true
		}
	}
	for _, e := range escape().FindAllString(text, -1) {
		if n, err := strconv.ParseUint(e[2:], 16, 32); err == nil {
			out[rune(n)] = true
		}
	}
	return out
}

var version = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^%YAML[ \t]+1\.([0-9]+)`) })

// directives makes those of a later version ones of 1.1, and what is unknown a
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
		m := version().FindStringSubmatchIndex(line)
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
