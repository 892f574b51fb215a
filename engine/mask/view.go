package mask

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

// view is a text, or what is left of one below some layers of escapes, with
// where each byte of it came from; no places: it is the text itself.
type view struct {
	text     string
	from, to []int32
}

// source is the part of the text that a part of the view came from.
func (v view) source(p span) span {
	if v.from == nil {
		return p
	}
	return span{int(v.from[p.from]), int(v.to[p.to-1])}
}

// lacks reports whether the beginning and the end of a text of that size have left
// nothing in the view.
func (v view) lacks(size int) (head, tail bool) {
	last := len(v.from) - 1
	if last < 0 {
		return false, false
	}
	return v.from[0] > 0, int(v.to[last]) < size
}

// beside is the source of a part of the view, with what stood before it, or behind it,
// and left nothing in the view. Size is that of the text.
func (v view) beside(p span, head, tail bool, size int) span {
	out := v.source(p)
	if v.from == nil {
		return out
	}
	switch {
	case head && p.from == 0:
		out.from = 0
	case head:
		out.from = min(out.from, int(v.to[p.from-1]))
	}
	switch {
	case tail && p.to == len(v.text):
		out.to = size
	case tail:
		out.to = max(out.to, int(v.from[p.to]))
	}
	return out
}

// What a byte can be: a part of the streams (the lowest bits), and of encodings.
const (
	inText    byte = 1 << asText
	inLetters byte = 1 << asLetters
	inBase64  byte = 1 << 2
	inBase32  byte = 1 << 3
	inHex     byte = 1 << 4
	isEscape  byte = 1 << 5 // an escape may begin with it
)

var class = classes()

func classes() (out [256]byte) {
	for i := range out {
		c := byte(i)
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			out[i] = inText | inLetters | inBase64 | inBase32
		case c >= '0' && c <= '9':
			out[i] = inText | inLetters | inBase64 | inHex
		case c >= utf8.RuneSelf:
			out[i] = inText | inLetters | isEscape
		case c > ' ' && c < 0x7f && strings.IndexByte("\"'`\\", c) < 0:
			out[i] = inText
		}
	}
	for _, c := range "abcdefABCDEF" {
		out[c] |= inHex
	}
	for _, c := range "234567" {
		out[c] |= inBase32
	}
	for _, c := range "+/-_" {
		out[c] |= inBase64
	}
	for _, c := range "%\\&=\x1b<]\b" {
		out[c] |= isEscape
	}
	return out
}

// at is the byte at a place without its case, the streams that have it, and how
// many bytes behind it are no part of any.
func (v view) at(i int) (c, to byte, skip int) {
	c = v.text[i]
	to = class[c]
	switch {
	case c >= 'A' && c <= 'Z':
		c |= 0x20
	case c == ' ':
		if n := blanks(v.text, i); n > 0 {
			return c, 0, n - 1
		}
		to = inText
	}
	return c, to, 0
}

// read is what a stream has of a view, and where each byte of it stands.
func (v view) read(in stream) (read []byte, places []int) {
	for i := 0; i < len(v.text); i++ {
		c, to, skip := v.at(i)
		if to&(1<<in) != 0 {
			read, places = append(read, c), append(places, i)
		}
		i += skip
	}
	return read, places
}

// blanks is how many blanks begin at a place that are layout, 0 for those that
// are text: they are when a line begins or ends with them.
func blanks(text string, i int) int {
	n := 1
	for i+n < len(text) && text[i+n] == ' ' {
		n++
	}
	before := i == 0 || text[i-1] == '\n' || text[i-1] == '\r'
	behind := i+n < len(text) && (text[i+n] == '\n' || text[i+n] == '\r')
	if before || behind {
		return n
	}
	return 0
}

// below takes one layer of escapes off. It reports whether there was one.
func (v view) below() (view, bool) {
	first := v.escape(0)
	if first < 0 {
		return v, false
	}
	out := view{from: make([]int32, 0, len(v.text)), to: make([]int32, 0, len(v.text))}
	text := make([]byte, 0, len(v.text))
	put := func(s string, from, to int) {
		p := v.source(span{from, to})
		for i := range len(s) {
			text = append(text, s[i])
			out.from, out.to = append(out.from, int32(p.from)), append(out.to, int32(p.to))
		}
	}
	for at := 0; at < len(v.text); {
		next := v.escape(at)
		if next < 0 {
			next = len(v.text)
		}
		for ; at < next; at++ {
			put(v.text[at:at+1], at, at+1)
		}
		if at < len(v.text) {
			s, n := unescaped(v.text[at:])
			put(s, at, at+n)
			at += n
		}
	}
	out.text = string(text)
	return out, true
}

// escape is where the next escape begins, -1 for none.
func (v view) escape(at int) int {
	for ; at < len(v.text); at++ {
		if class[v.text[at]]&isEscape == 0 {
			continue
		}
		if _, n := unescaped(v.text[at:]); n > 0 {
			return at
		}
	}
	return -1
}

// unescaped is what the escape that a text begins with stands for, and its
// length: 0 when it begins with none.
func unescaped(text string) (string, int) {
	if text[0] >= utf8.RuneSelf {
		return folded(text)
	}
	switch text[0] {
	case '%':
		if strings.HasPrefix(text, "%u") {
			return unit(text)
		}
		return hexByte(text, 1)
	case '=':
		for _, soft := range []string{"=\r\n", "=\n"} {
			if strings.HasPrefix(text, soft) {
				return "", len(soft)
			}
		}
		return hexByte(text, 1)
	case '&':
		return entity(text)
	case 0x1b:
		return "", sequence(text)
	case '<', ']':
		return "", len(markup().FindString(text[:min(len(text), longest)]))
	case '\b': // what stands below was struck over
		_, n := utf8.DecodeRuneInString(text[1:])
		return "", 1 + n
	}
	return backslashed(text)
}

// markup matches what a page has around a word, or a part of one. Nothing of it can
// be an escape.
var markup = types.Pattern(`^(<!\[CDATA\[|\]\]>|(?i:</?[a-z][a-z0-9]{0,9}( [a-z-]{1,20}="[a-z -]*")* ?/?>))`)

// longest is the length of the longest markup, and of the longest sequence that
// steers a terminal.
const longest = 64

func hexByte(text string, at int) (string, int) {
	if len(text) < at+2 {
		return "", 0
	}
	b, err := strconv.ParseUint(text[at:at+2], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(b)}), at + 2
}

// hexadecimal reads a character of least to most digits.
func hexadecimal(text string, at, least, most int) (string, int) {
	end := at
	for end < len(text) && end < at+most && strings.IndexByte("0123456789abcdefABCDEF", text[end]) >= 0 {
		end++
	}
	if end-at < least {
		return "", 0
	}
	r, err := strconv.ParseUint(text[at:end], 16, 32)
	if err != nil {
		return "", 0
	}
	return string(rune(r)), end
}

// unit reads \u0041 or %u0041, and what two of them say together.
func unit(text string) (string, int) {
	s, n := hexadecimal(text, 2, 4, 4)
	if n == 0 || s != "\ufffd" || !strings.HasPrefix(text[n:], text[:2]) {
		return s, n
	}
	high, _ := strconv.ParseUint(text[2:n], 16, 32)
	low, err := strconv.ParseUint(text[n+2:min(len(text), 2*n)], 16, 32)
	if r := utf16.DecodeRune(rune(high), rune(low)); err == nil && r != utf8.RuneError {
		return string(r), 2 * n
	}
	return s, n
}

// entity reads a reference of HTML or XML, by name or by number.
func entity(text string) (string, int) {
	end := 1
	for end < len(text) && end < 40 && (text[end] == '#' && end == 1 || text[end] >= '0' && text[end] <= '9' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
		end++
	}
	if end < len(text) && text[end] == ';' {
		end++
	}
	if s := html.UnescapeString(text[:end]); s != text[:end] {
		return s, end
	}
	return "", 0
}

// sequence is the length of a sequence that steers a terminal.
func sequence(text string) int {
	if len(text) > 2 && strings.IndexByte("()*+-./#%", text[1]) >= 0 { // a set of characters
		return 3
	}
	if len(text) < 2 || text[1] != '[' {
		return 0
	}
	for i := 2; i < min(len(text), longest); i++ {
		if text[i] >= '@' && text[i] <= '~' {
			return i + 1
		}
	}
	return 0
}

// controls are the letters that stand for a control character behind a backslash.
const controls = "afnrtv"

// backslashed reads what languages, YAML and shells write behind a backslash.
func backslashed(text string) (string, int) {
	if len(text) < 2 {
		return "", 0
	}
	switch c := text[1]; {
	case c == 'u' && strings.HasPrefix(text, `\u{`):
		if s, n := hexadecimal(text, 3, 1, 8); n > 0 && n < len(text) && text[n] == '}' {
			return s, n + 1
		}
	case c == 'u':
		if s, n := unit(text); n > 0 {
			return s, n
		}
	case c == 'U':
		if s, n := hexadecimal(text, 2, 8, 8); n > 0 {
			return s, n
		}
	case c == 'x' && strings.HasPrefix(text, `\x{`):
		if s, n := hexadecimal(text, 3, 1, 8); n > 0 && n < len(text) && text[n] == '}' {
			return s, n + 1
		}
	case c == 'x':
		if s, n := hexByte(text, 2); n > 0 {
			return s, n
		}
	case c >= '0' && c <= '7':
		return octal(text)
	case c == 'b':
		return "\b", 2
	case c == 'e', c == 'E':
		return "\x1b", 2
	case strings.IndexByte(controls, c) >= 0:
		return "\n", 2
	}
	return text[1:2], 2
}

// octal reads up to three digits, four when the first one is zero.
func octal(text string) (string, int) {
	end, most := 1, 4
	if text[1] == '0' {
		most = 5
	}
	for end < len(text) && end < most && text[end] >= '0' && text[end] <= '7' {
		end++
	}
	n, _ := strconv.ParseUint(text[1:end], 8, 16)
	return string([]byte{byte(n)}), end
}
