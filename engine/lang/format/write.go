package format

import (
	"strings"
)

// write puts the tokens where they are to stand. The text that they are of may not end
// with its line, which unended says.
func write(tokens []token, unended bool) (string, bool) {
	next := following(tokens)
	var b strings.Builder
	var before, content *token // the token before, and the last one that is no comment
	for i := range tokens {
		t := &tokens[i]
		switch {
		case before == nil:
			b.WriteString(strings.Repeat(" ", indentOf(t, content, next[i])))
		case t.line > before.last:
			b.WriteString(strings.Repeat("\n", min(t.line-before.last, 2)))
			b.WriteString(strings.Repeat(" ", indentOf(t, content, next[i])))
		default:
			b.WriteString(space(before, t))
		}
		if before = t; t.kind != comment && t.kind != marker {
			content = t
		}
		text, ok := t.written(unended && i == len(tokens)-1)
		if !ok {
			return "", false
		}
		if !t.is(",") || next[i] == nil || next[i].line > t.line || !next[i].closes() || tokens[i+1].kind == comment {
			b.WriteString(text)
		}
	}
	b.WriteByte('\n')
	return b.String(), true
}

func (t *token) closes() bool { return t.is("]") || t.is("}") }

// following returns, for each token, the one after it that is no comment.
func following(tokens []token) []*token {
	out := make([]*token, len(tokens))
	for i := len(tokens) - 2; i >= 0; i-- {
		if out[i] = &tokens[i+1]; out[i].kind == comment {
			out[i] = out[i+1]
		}
	}
	return out
}

// indentOf is where the first token of a line is to stand.
func indentOf(t, before, after *token) int {
	switch {
	case t.kind != comment || t.inFlow:
		return t.indent
	case after != nil && t.col <= after.col:
		return after.indent
	case before == nil:
		return 0
	}
	for in := before.level; in != nil; in = in.up {
		if in.was >= 0 && in.was <= t.col && (after == nil || in.was >= after.col) {
			return in.is
		}
	}
	if after != nil {
		return after.indent
	}
	return 0
}

// space stands between two tokens of a line.
func space(a, b *token) string {
	switch {
	case b.kind == comment:
		return strings.Repeat(" ", max(b.gap, 1))
	case a.is(":"):
		return " "
	case a.is("["), a.is("{"), b.closes(), b.is(","), b.is(":"):
		return ""
	}
	return " "
}

// written is a token as it is to be. At the end of a text that does not end with its
// line, a block of text has to say that it ends without one.
func (t *token) written(unended bool) (string, bool) {
	switch {
	case t.kind != scalar || !t.multi():
		return t.text, true
	case !t.block():
		return t.folded(), true
	}
	header, body, _ := strings.Cut(t.text, "\n")
	header = strings.TrimRight(header, " \t")
	was, is := widthOf(body), t.inner
	if digit := strings.IndexAny(firstWord(header), "123456789"); digit >= 0 {
		given := int(header[digit] - '0')
		was, is = t.level.was+given, t.level.is+given
	}
	if unended && t.node.Value != "" && !strings.HasSuffix(t.node.Value, "\n") && !strings.Contains(firstWord(header), "-") {
		header = header[:1] + "-" + strings.Replace(header[1:], "+", "", 1)
	}
	moved, ok := move(body, was, is)
	return header + "\n" + moved, ok
}

// folded is a text of several lines, in quotes or without, whose line breaks and the
// white space around them stand for a blank.
func (t *token) folded() string {
	lines := strings.Split(t.text, "\n")
	for i, line := range lines {
		if i > 0 {
			line = strings.TrimLeft(line, " \t")
		}
		short := strings.TrimRight(line, " \t")
		if t.text[0] == '"' && len(short) < len(line) && (len(short)-len(strings.TrimRight(short, `\`)))%2 == 1 {
			short = line[:len(short)+1] // an escaped blank
		}
		if lines[i] = short; i > 0 && short != "" {
			lines[i] = strings.Repeat(" ", t.inner) + short
		}
	}
	return strings.Join(lines, "\n")
}

// widthOf is how far a block of text is indented: as its first line that is not blank.
func widthOf(body string) int {
	for line := range strings.Lines(body) {
		if text := strings.TrimLeft(line, " "); text != "" && text != "\n" {
			return len(line) - len(text)
		}
	}
	return len(body) // all of it is blank
}

// move indents the lines of a block of text anew. Of lines that are shorter than they
// are indented, nothing is read.
func move(body string, was, is int) (string, bool) {
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		switch indent := len(line) - len(strings.TrimLeft(line, " ")); {
		case indent == len(line) && indent <= was:
			lines[i] = ""
		case indent < was:
			return "", false
		default:
			lines[i] = strings.Repeat(" ", is) + line[was:]
		}
	}
	return strings.Join(lines, "\n"), true
}
