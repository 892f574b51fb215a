package mask

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// A stream is a way of reading a text: which bytes of it count.
type stream int

const (
	// asText leaves out what layout and quoting put between characters: line
	// breaks with the blanks around them, control characters, quotes, backslashes.
	asText stream = iota
	// asLetters leaves out all but letters and digits, so that it sees what is cut
	// up by separators, and both alphabets of base64 alike.
	asLetters
	streams
)

// strong is how many letters and digits a credential must have to be looked for
// by them alone: "release 2026" is no weak password that is written otherwise.
const strong = 16

// form is one way in which a credential can stand in a text, as a stream has it.
type form struct {
	text   string
	in     stream
	base64 bool // the characters beside it hold bits of it, too
	// whole is what it is a part of, and at where it begins there; "" for a form that
	// counts only as a whole.
	whole string
	at    int
	// What it began and ended with in the credential is no part of it: it looks like
	// an escape that stands for nothing, such as the tag of a page.
	headless, tailless bool
}

// halves are parts of a text, by which more than half of it is found, or enough of a
// long one: wherever that begins, one of them is in it.
func halves(text string, base64 bool) []form {
	least := min((len(text)+1)/2, enough)
	pace := min(max(1, len(text)/mostParts), least/2)
	size := least - pace + 1
	var out []form
	for at := 0; at+size <= len(text); at += pace {
		out = append(out, form{text: text[at : at+size], in: asLetters, base64: base64, whole: text, at: at})
	}
	return out
}

// enough letters of a long credential are as bad as all: a line of a key.
const enough = 48

// mostParts is twice as many parts as are looked for of a text that is not long.
const mostParts = 32

// formsOf are the ways in which a credential is looked for. One that has the look
// of escapes itself stands in the lower layers of a text without them.
func formsOf(secret string) []form {
	var out []form
	for v, more, depth := (view{text: secret}), true, 0; more && depth < deepest; depth++ {
		for _, f := range formsIn(v.text) {
			f.headless, f.tailless = v.lacks(len(secret))
			out = append(out, f)
		}
		v, more = v.below()
	}
	return out
}

func formsIn(secret string) []form {
	raw := []byte(secret)
	out := []form{{text: secret, in: asText}}
	if latin := bytewise(secret); latin != secret {
		for _, text := range []string{latin, strings.ToUpper(secret), strings.ToLower(secret), string(wide(secret, 0)), string(wide(secret, 1))} {
			out = append(out, form{text: text, in: asText}, form{text: strings.ToValidUTF8(text, "\ufffd"), in: asText})
		}
	}
	if strings.Contains(secret, " ") { // folded lines, words of a page, and forms in which + is a blank
		out = append(out, form{text: strings.Join(strings.Fields(secret), " "), in: asText})
		out = append(out, form{text: strings.ReplaceAll(secret, " ", ""), in: asText}, form{text: strings.ReplaceAll(secret, " ", "+"), in: asText})
	}
	if letters := only(secret, asLetters); len(letters) >= strong {
		out = append(out, form{text: letters, in: asLetters})
		out = append(out, halves(letters, false)...)
		out = append(out, halves(hex.EncodeToString(raw), false)...)
		for offset := range 3 {
			out = append(out, halves(only(inside(base64.StdEncoding.EncodeToString, raw, offset, 3, 6), asLetters), true)...)
		}
	}
	for _, b := range [][]byte{raw, wide(secret, 0), wide(secret, 1)} {
		out = append(out, form{text: hex.EncodeToString(b), in: asLetters})
		for offset := range 3 {
			out = append(out, form{text: inside(base64.StdEncoding.EncodeToString, b, offset, 3, 6), in: asLetters, base64: true})
		}
		for offset := range 5 {
			out = append(out, form{text: inside(base32.StdEncoding.EncodeToString, b, offset, 5, 5), in: asLetters, base64: true},
				form{text: inside(base32.HexEncoding.EncodeToString, b, offset, 5, 5), in: asLetters, base64: true})
		}
	}
	for _, verb := range []string{"%d", "%03d", "0x%02x", "%08b", "0b%b", "%03o", "%o", "0o%o", "U+%04X"} {
		var bytes, signed, runes strings.Builder
		for _, c := range raw {
			fmt.Fprintf(&bytes, verb, c)
			fmt.Fprintf(&signed, verb, int8(c))
		}
		for _, r := range secret {
			fmt.Fprintf(&runes, verb, r)
		}
		for _, text := range slices.Compact([]string{bytes.String(), signed.String(), runes.String()}) {
			out = append(out, form{text: text, in: asLetters})
		}
	}
	for i := range out {
		out[i].text = only(out[i].text, out[i].in)
	}
	return out
}

// inside is what b is in an encoding wherever it stands offset bytes behind the
// beginning of a group: the characters that no other byte has a part in.
func inside(encode func([]byte) string, b []byte, offset, group, bits int) string {
	text := encode(append(make([]byte, offset), b...))
	first, last := (offset*8+bits-1)/bits, (offset+len(b))*8/bits
	if (offset+len(b))%group == 0 {
		last = len(strings.TrimRight(text, "="))
	}
	return text[min(first, last):last]
}

// bytewise is a text of which each byte was taken for a character.
func bytewise(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// wide is a text in UTF-16; high is the place of the high byte of each unit.
func wide(text string, high int) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		pair := [2]byte{byte(u), byte(u)}
		pair[high] = byte(u >> 8)
		out = append(out, pair[:]...)
	}
	return out
}

// only is what a stream has of a text.
func only(text string, in stream) string {
	read, _ := view{text: text}.read(in)
	return string(read)
}
