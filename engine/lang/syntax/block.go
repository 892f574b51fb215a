package syntax

import "strings"

// widest is how far an explicit indentation (|2) is searched.
const widest = 128

// alignBlock explains a literal or folded block. Where its header does not say
// how far it is indented, its first line does; where the header does, the
// number counts from a parent that is not known here, so that every width is
// tried until one explains the value.
func alignBlock(text string, at int, folded bool, value string) ([]span, int, bool) {
	header := text[at:]
	if i := strings.IndexByte(header, '\n'); i >= 0 {
		header = header[:i]
	}
	body := min(at+len(header)+1, len(text))
	width := indentOf(text[body:])
	marks, _, _ := strings.Cut(header, "#")
	narrow := width
	if strings.ContainsAny(marks, "123456789") {
		width = min(width, widest)
		narrow = min(1, width)
	}
	for w := width; w >= narrow; w-- {
		b := &block{aligner: aligner{text: text, at: body, value: value}, width: w, folded: folded}
		b.end = at + len(strings.TrimRight(header, " \t\r"))
		b.lines()
		if b.complete() {
			return b.spans, b.end, true
		}
	}
	return nil, at + len(header), false
}

func indentOf(text string) int {
	for line := range strings.Lines(text) {
		if strings.TrimRight(line, " \r\n") != "" {
			return len(line) - len(strings.TrimLeft(line, " "))
		}
	}
	return 0
}

// block aligns the lines of a block scalar of a known indentation.
type block struct {
	aligner
	width  int
	folded bool
	end    int // after the last text

	breaks     []span // line breaks not yet explained
	begun      bool   // a line of text was seen
	spaceFirst bool   // the line before begins with white space
}

func (b *block) lines() {
	for b.at < len(b.text) && !b.wrong && b.done < len(b.value) {
		raw, _, broken := strings.Cut(b.rest(), "\n")
		line := strings.TrimSuffix(raw, "\r")
		indent := min(len(line)-len(strings.TrimLeft(line, " ")), b.width)
		start := b.at
		if indent < len(line) {
			if indent < b.width {
				break // the block is over
			}
			b.content(indent, len(line)-indent)
		}
		b.at = start + len(line)
		if broken {
			size := len(raw) - len(line) + 1
			b.breaks = append(b.breaks, span{at: b.at, source: size})
			b.at += size
		}
	}
	b.flush()
}

func (b *block) content(indent, n int) {
	b.at += indent
	first := b.text[b.at]
	space := first == ' ' || first == '\t'
	if b.folded && b.begun && !space && !b.spaceFirst && len(b.breaks) > 0 {
		b.join()
	} else {
		b.flush()
	}
	b.begun, b.spaceFirst = true, space
	b.copy(n)
	b.end = b.at
}

// join folds breaks between two lines: one is a space, of more the first is nothing.
func (b *block) join() {
	here := b.at
	if len(b.breaks) == 1 {
		b.at = b.breaks[0].at
		b.become(" ", here-b.at)
	} else {
		b.breaks = b.breaks[1:]
		b.flush()
	}
	b.breaks, b.at = nil, here
}

// flush explains the breaks as they are, at the end as many as the value holds.
func (b *block) flush() {
	here := b.at
	for _, s := range b.breaks {
		if b.wrong || !strings.HasPrefix(b.value[b.done:], "\n") {
			break
		}
		b.at = s.at
		b.become("\n", s.source)
	}
	b.breaks, b.at = nil, here
}
