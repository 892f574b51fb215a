package expr

import "strings"

// token is a piece of a text: literal, or what stands inside ${{ }} or %{{ }}.
type token struct {
	kind     byte // 0 literal, '$' hole, '%' directive
	text     string
	from, to int // of the whole token in the source, braces included
	inner    int // where text begins
	// trimBefore and trimAfter are the ~ inside the braces.
	trimBefore, trimAfter bool
}

// scan cuts a text into tokens. It looks at every byte once.
func scan(src string) ([]token, []Problem) {
	var out []token
	var lit strings.Builder
	start := 0 // of the literal being collected
	flush := func(end int) {
		if lit.Len() > 0 {
			out = append(out, token{text: lit.String(), from: start, to: end})
			lit.Reset()
		}
	}
	for i := 0; i < len(src); {
		mark := opening(src[i:])
		switch {
		case mark == "":
			lit.WriteByte(src[i])
			i++
		case len(mark) == 4: // an escape: two marks stand for one
			lit.WriteString(mark[1:])
			i += 4
		default:
			end := closing(src[i+3:])
			if end < 0 {
				return nil, []Problem{{CodeSyntax, i, i + 3, mark + " has no }}", "for the characters themselves write " + mark[:1] + mark}}
			}
			flush(i)
			out = append(out, braced(src, i, i+3+end))
			i += 3 + end + 2
			start = i
		}
	}
	flush(len(src))
	return trimmed(out), nil
}

// opening returns what s begins with: ${{, %{{, their escapes, or nothing.
func opening(s string) string {
	for _, mark := range []string{"$${{", "%%{{", "${{", "%{{"} {
		if strings.HasPrefix(s, mark) {
			return mark
		}
	}
	return ""
}

// braced makes the token of the braces that open at from and close at end.
func braced(src string, from, end int) token {
	t := token{kind: src[from], text: src[from+3 : end], from: from, to: end + 2, inner: from + 3}
	if strings.HasPrefix(t.text, "~") {
		t.text, t.inner, t.trimBefore = t.text[1:], t.inner+1, true
	}
	if strings.HasSuffix(t.text, "~") {
		t.text, t.trimAfter = t.text[:len(t.text)-1], true
	}
	return t
}

// closing finds the }} that ends s, past quotes and inner braces, or returns -1.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s) && i <= maxSource+2; i++ {
		switch s[i] {
		case '"', '\'', '`':
			n := quoted(s[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		case '{':
			depth++
		case '}':
			if depth > 0 {
				depth--
			} else if strings.HasPrefix(s[i:], "}}") {
				return i
			}
		}
	}
	return -1
}

// quoted returns the length of the quoted text that s begins with, or -1.
func quoted(s string) int {
	for i := 1; i < len(s) && i <= maxSource; i++ {
		switch {
		case s[i] == s[0]:
			return i + 1
		case s[i] == '\\' && s[0] != '`':
			i++
		}
	}
	return -1
}

// trimmed takes off the white space that a ~ points at.
func trimmed(tokens []token) []token {
	const space = " \t\r\n"
	for i := range tokens {
		if tokens[i].kind != 0 {
			continue
		}
		if i > 0 && tokens[i-1].trimAfter {
			tokens[i].text = strings.TrimLeft(tokens[i].text, space)
		}
		if i+1 < len(tokens) && tokens[i+1].trimBefore {
			tokens[i].text = strings.TrimRight(tokens[i].text, space)
		}
	}
	return tokens
}
