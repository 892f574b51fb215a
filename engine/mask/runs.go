package mask

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

// shortestRun is how long a run of encoded text has to be to be decoded: what is
// shorter holds no credential that is encoded twice.
const shortestRun = 16

// deepestRun is the layer below which no runs are decoded any more.
const deepestRun = 3

// encoded decodes the runs of a view that may be base64, base32 or hexadecimal,
// and looks through what they hold. The forms of a searcher see a credential
// that is encoded once; this sees what was escaped or encoded before.
func (x *search) encoded(v view, depth int) {
	if depth > deepestRun {
		return
	}
	above := merged(slices.Clone(x.found))
	for at := 0; at < len(v.text); at++ {
		if class[v.text[at]]&inBase64 == 0 {
			continue
		}
		end := runEnd(v.text, at)
		if end-at >= shortestRun && !known(above, v.source(span{at, at + 1})) {
			x.run(v, span{at, end}, depth)
		}
		at = end - 1
	}
}

// known reports whether a layer above has found what stands at a place. What looks
// like an escape there may have made the run longer.
func known(above []span, p span) bool {
	i := endingBehind(above, p.from)
	return i < len(above) && above[i].from <= p.from
}

// endingBehind is the first of spans in order that ends behind a place.
func endingBehind(spans []span, place int) int {
	return sort.Search(len(spans), func(i int) bool { return spans[i].to > place })
}

// runEnd is the end of a run, over line breaks with more of it behind them.
func runEnd(text string, at int) int {
	line := at
	for ; at < len(text); at++ {
		switch c := text[at]; {
		case class[c]&inBase64 != 0:
			continue
		case c == '=':
			for at < len(text) && text[at] == '=' {
				at++
			}
			return at
		case c == '\r' && at-line >= shortestRun && at+2 < len(text) && text[at+1] == '\n' && class[text[at+2]]&inBase64 != 0:
			at++
			line = at + 1
		case c == '\n' && at-line >= shortestRun && at+1 < len(text) && class[text[at+1]]&inBase64 != 0:
			line = at + 1
		default:
			return at
		}
	}
	return at
}

// run looks through a run, and through as many of its first lines as are all
// hexadecimal or base32, since what follows may be text again. Of those that hold
// a credential it is the fewest lines that do.
func (x *search) run(v view, p span, depth int) {
	text := v.text[p.from:p.to]
	ends := lineEnds(text)
	holds := func(n int) bool { return x.hides(text[:ends[n]], depth) }
	for _, last := range []int{len(ends) - 1, lastOf(text, ends, inHex), lastOf(text, ends, inBase32)} {
		if last >= 0 && holds(last) {
			first := sort.Search(last, holds)
			x.found = append(x.found, v.source(span{p.from, p.from + ends[first]}))
			return
		}
	}
}

// lineEnds are where the lines of a run end that may be all of it.
func lineEnds(run string) (ends []int) {
	for i := shortestRun; i < len(run); i++ {
		if run[i] == '\n' {
			ends = append(ends, len(strings.TrimSuffix(run[:i], "\r")))
		}
	}
	return append(ends, len(run))
}

// lastOf is the last line to which a run is all of one alphabet; -1 is none.
func lastOf(run string, ends []int, alphabet byte) int {
	n := strings.IndexFunc(run, func(r rune) bool {
		return r != '\n' && r != '\r' && r != '=' && (r >= utf8.RuneSelf || class[r]&alphabet == 0)
	})
	if n < 0 {
		return -1 // the whole was looked through
	}
	return sort.SearchInts(ends, n+1) - 1
}

// hides reports whether a run holds a credential when it is decoded.
func (x *search) hides(run string, depth int) bool {
	body := make([]byte, 0, len(run))
	var all byte = inHex | inBase32
	for _, c := range []byte(run) {
		switch c {
		case '\n', '\r', '=':
			continue
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		all &= class[c]
		body = append(body, c)
	}
	if len(body)%4 == 1 {
		body = body[:len(body)-1]
	}
	got := make([]byte, len(body))
	if n, err := base64.RawStdEncoding.Decode(got, body); err == nil && x.within(got[:n], depth) {
		return true
	}
	if all&inHex != 0 {
		if n, err := hex.Decode(got, body[:len(body)&^1]); err == nil && x.within(got[:n], depth) {
			return true
		}
	}
	if all&inBase32 != 0 {
		if n, err := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(got, bytes.ToUpper(body)); err == nil && x.within(got[:n], depth) {
			return true
		}
	}
	return false
}

// within looks through decoded text. Most of what decodes is no text at all, and
// has no six characters in a row that a credential could begin with.
func (x *search) within(got []byte, depth int) bool {
	inner := search{searcher: x.searcher, size: len(got), read: x.read, places: x.places}
	inner.layers(view{text: string(got)}, depth+1)
	return len(inner.found) > 0
}

// dump matches a line of what xxd, hexdump, od and curl --trace print: an offset,
// and bytes.
var dump = types.Pattern(`(?mi)^[ \t]*[0-9a-f]{4,16}:?((?:[ \t-]{1,3}[0-9a-f]{2,8})+)(?:[ \t|"'\\]|$)`)

// dumped looks through the bytes of a dump, whose lines belong together.
func (x *search) dumped(v view, depth int) {
	if depth > deepestRun || !strings.Contains(v.text, "0000") {
		return
	}
	var text []byte
	out := view{}
	for _, at := range dump().FindAllStringSubmatchIndex(v.text, -1) {
		got, _ := hex.DecodeString(strings.Map(func(r rune) rune {
			if strings.ContainsRune(" \t-", r) {
				return -1
			}
			return r
		}, v.text[at[2]:at[3]]))
		rest, _, _ := strings.Cut(v.text[at[3]:], "\n")
		column := len(rest) - len(strings.TrimLeft(rest, " \t|"))
		if column > 0 { // of characters
			column = min(len(rest), column+len(got))
		}
		p := v.source(span{at[0], at[3] + column})
		text = append(text, got...)
		for range got {
			out.from, out.to = append(out.from, int32(p.from)), append(out.to, int32(p.to))
		}
	}
	if out.text = string(text); len(text) >= Shortest {
		x.layers(out, depth+1)
	}
}
