package mask

import "strings"

// gram is how many bytes of a form are looked up first; no form is shorter.
const gram = 6

// searcher looks for forms. The last bytes of a stream are one number, which a
// small table of bits sorts out nearly always.
type searcher struct {
	bits   [streams][1 << 10]uint64
	forms  [streams]map[uint64][]form
	begins [streams][]string // the forms that count only as a whole
	exact  []string          // credentials of which a stream leaves too little
	reach  int               // how many bytes of a text the longest form can be spread over
}

func newSearcher(secrets []string) *searcher {
	s := &searcher{}
	for i := range s.forms {
		s.forms[i] = map[uint64][]form{}
	}
	for _, secret := range secrets {
		s.reach = max(s.reach, 16*min(len(secret), 512)+256)
		if len(only(secret, asText)) < gram {
			s.exact = append(s.exact, secret)
		}
		for _, f := range formsOf(secret) {
			if len(f.text) < gram {
				continue
			}
			if f.whole == "" {
				s.begins[f.in] = append(s.begins[f.in], f.text)
			}
			key := tail(f.text)
			s.forms[f.in][key] = append(s.forms[f.in][key], f)
			h := mixed(key)
			s.bits[f.in][h>>6] |= 1 << (h & 63)
		}
	}
	return s
}

func tail(text string) (key uint64) {
	for _, c := range []byte(text[len(text)-gram:]) {
		key = key<<8 | uint64(c)
	}
	return key
}

// mixed spreads a number over the table of bits.
func mixed(key uint64) uint16 { return uint16(key * 0x9e3779b97f4a7c15 >> 48) }

// window is how much of a text is read at a time: reading takes a multiple of
// its length in memory.
const window = 64 << 10

// find returns where credentials stand, in order.
func (s *searcher) find(text string) []span {
	x := search{searcher: s}
	var all []span
	for from := 0; ; from += window {
		to := min(len(text), from+window+s.reach)
		x.found, x.size = x.found[:0], to-from
		x.layers(view{text: text[from:to]}, 0)
		for _, p := range merged(x.found) { // there are many of each
			all = append(all, span{from + p.from, from + p.to})
		}
		if to == len(text) {
			return merged(append(all, s.cutOff(text)...))
		}
	}
}

// mostCut is how many ellipses of a text are looked at.
const mostCut = 64

// fewestCut is how many characters of a credential before an ellipsis are hidden,
// when they are half of it.
const fewestCut = 4

// cutOff returns where the first half of a credential, or more of it, stands before
// an ellipsis: a message is mostly cut before it gets here.
func (s *searcher) cutOff(text string) []span {
	var all []span
	for at, n := 0, 0; n < mostCut; n++ {
		i := strings.Index(text[at:], "…")
		if i < 0 {
			break
		}
		end := at + i
		last := len(strings.TrimRight(text[:end], " ;,\n"))
		from := max(0, last-s.reach)
		for v, more, depth := (view{text: text[from:last]}), true, 0; more && depth < deepest; depth++ {
			for in := range streams {
				if first, ok := s.begun(v, in, fewestCut); ok {
					all = append(all, span{from + first, end})
				}
			}
			v, more = v.below()
		}
		at = end + len("…")
	}
	return all
}

type search struct {
	*searcher
	size   int // of the text
	found  []span
	parts  []part           // of the view that is scanned
	pieces []span           // that such parts belong to, of all views
	read   [streams][]byte  // of it
	places [streams][]int32 // where each byte of it stands
}

// part is where a part of a form was read: the places of its first and its last
// byte in a stream.
type part struct {
	form
	stream
	first, last int
}

// deepest is how many layers of escapes are taken off.
const deepest = 6

// layers looks at a view, and at what is below its escapes.
func (x *search) layers(v view, depth int) {
	for more := true; more && depth < deepest; depth++ {
		x.scan(v)
		for _, secret := range x.exact {
			for at := 0; ; at += len(secret) {
				i := strings.Index(v.text[at:], secret)
				if i < 0 {
					break
				}
				at += i
				x.found = append(x.found, v.source(span{at, at + len(secret)}))
			}
		}
		x.encoded(v, depth)
		x.dumped(v, depth)
		v, more = v.below()
	}
	x.found = append(x.found, x.pieces...)
	x.pieces = x.pieces[:0]
}

// scan looks for the forms that the streams of a view can have.
func (x *search) scan(v view) {
	var keys [streams]uint64
	for in := range streams {
		x.read[in], x.places[in] = x.read[in][:0], x.places[in][:0]
	}
	for i := 0; i < len(v.text); i++ {
		c, to, skip := v.at(i)
		for in := range streams {
			if to&(1<<in) == 0 {
				continue
			}
			x.read[in], x.places[in] = append(x.read[in], c), append(x.places[in], int32(i))
			key := (keys[in]<<8 | uint64(c)) & (1<<(8*gram) - 1)
			keys[in] = key
			if h := mixed(key); x.bits[in][h>>6]&(1<<(h&63)) != 0 {
				x.compare(v, in, key, i)
			}
		}
		i += skip
	}
	x.wholes(v)
}

// compare looks for the forms that end with the last bytes of a stream.
func (x *search) compare(v view, in stream, key uint64, last int) {
	read := x.read[in]
	for _, f := range x.forms[in][key] {
		switch first := len(read) - len(f.text); {
		case first < 0 || string(read[first:]) != f.text:
		case f.whole != "":
			x.parts = append(x.parts, part{f, in, first, len(read) - 1})
		default:
			x.found = append(x.found, v.beside(v.around(int(x.places[in][first]), last, f.base64), f.headless, f.tailless, x.size))
		}
	}
}

// wholes finds as much as there is of the forms that parts were read of.
func (x *search) wholes(v view) {
	for _, p := range x.parts {
		read, places := x.read[p.stream], x.places[p.stream]
		for ; p.at > 0 && p.first > 0 && read[p.first-1] == p.whole[p.at-1]; p.at-- {
			p.first--
		}
		for end := p.at + p.last - p.first + 1; end < len(p.whole) && p.last+1 < len(read) && read[p.last+1] == p.whole[end]; end++ {
			p.last++
		}
		ends := p.at+p.last-p.first+1 == len(p.whole)
		x.pieces = append(x.pieces, v.beside(v.around(int(places[p.first]), int(places[p.last]), p.base64), p.headless && p.at == 0, p.tailless && ends, x.size))
	}
	x.parts = x.parts[:0]
}

// around is the part of a view from one character to another, and where bits of
// what it holds stand beside it, with those.
func (v view) around(first, last int, wide bool) span {
	p := span{first, last + 1}
	if !wide {
		return p
	}
	for n := 0; n < 2 && p.from > 0 && class[v.text[p.from-1]]&inBase64 != 0 && v.joined(p.from); n++ {
		p.from--
	}
	for n := 0; n < 2 && p.to < len(v.text) && class[v.text[p.to]]&inBase64 != 0 && v.joined(p.to); n++ {
		p.to++
	}
	for n := 0; n < 2 && p.to < len(v.text) && v.text[p.to] == '=' && v.joined(p.to); n++ {
		p.to++
	}
	return p
}

// joined reports whether nothing was left out before a byte of the view.
func (v view) joined(i int) bool { return v.from == nil || v.from[i] == v.to[i-1] }
