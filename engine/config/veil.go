package config

import (
	"regexp"
	"slices"
	"strings"
)

// Veiled is the text of a configuration as it may be shown: its keys, and an
// asterisk for each character of a value or a comment. Whatever is wrong with the
// file, a credential may stand anywhere in it: under a key that is spelt wrong,
// in a list, in the query of a url, behind an open quote. So it is read line by
// line and not as YAML, and nothing is shown of what does not look like a key.
func Veiled(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = veiledLine(line)
	}
	return []byte(strings.Join(lines, "\n"))
}

// aKey is a key and its colon. Names of credentials are lower case; credentials
// mostly are not, and longer.
var aKey = regexp.MustCompile(`^[a-z_][a-z0-9_.-]{0,23} *:( |\r?$)`)

// veil hides one line from the left to the right.
type veil struct {
	strings.Builder
	rest string
	flow int // how many braces are open
}

func veiledLine(line string) string {
	v := &veil{rest: line}
	for {
		v.keep(len(v.rest) - len(strings.TrimLeft(v.rest, " \t")))
		if item := strings.HasPrefix(v.rest, "- "); !item {
			break
		}
		v.keep(1)
	}
	for v.rest != "" {
		v.member()
	}
	return v.String()
}

// member passes one key and its value.
func (v *veil) member() {
	key := aKey.FindString(v.rest)
	v.keep(len(strings.TrimRight(key, "\r")))
	v.keep(len(v.rest) - len(strings.TrimLeft(v.rest, " ")))
	name := strings.TrimRight(key, " :\r")
	switch {
	case strings.HasPrefix(v.rest, "{") && key != "" && !holdsText(name):
		v.keep(1)
		v.flow++
	case strings.HasPrefix(v.rest, `"`), strings.HasPrefix(v.rest, "'"):
		if end := strings.IndexByte(v.rest[1:], v.rest[0]); end >= 0 {
			v.hide(end + 2)
		}
		v.value()
	default:
		v.value()
	}
	for v.flow > 0 && v.rest != "" && strings.IndexByte("}, ", v.rest[0]) >= 0 {
		if v.rest[0] == '}' {
			v.flow--
		}
		v.keep(1)
	}
}

// value hides what goes on to the end of a member, or of the line.
func (v *veil) value() {
	end := len(v.rest)
	if v.flow > 0 {
		depth := 0
		for i, c := range v.rest {
			switch {
			case c == '{' || c == '[':
				depth++
			case (c == '}' || c == ']') && depth > 0:
				depth--
			case (c == '}' || c == ',') && depth == 0:
				end = min(end, i)
			}
		}
	}
	if end == 0 && v.flow == 0 {
		end = len(v.rest)
	}
	v.hide(end)
}

// holdsText reports whether a member of a service, or what was meant for one, is
// a text: what stands in braces there is no mapping of the file's.
func holdsText(name string) bool {
	return slices.ContainsFunc(serviceKeys, func(known string) bool {
		return known == name || len(known) > 3 && len(name) > 2 && (strings.HasPrefix(known, name[:3]) || strings.HasSuffix(known, name[len(name)-3:]))
	})
}

func (v *veil) keep(n int) {
	v.WriteString(v.rest[:n])
	v.rest = v.rest[n:]
}

func (v *veil) hide(n int) {
	for _, r := range v.rest[:n] {
		if r == ' ' || r == '\t' || r == '\r' {
			v.WriteRune(r)
			continue
		}
		v.WriteByte('*')
	}
	v.rest = v.rest[n:]
}
