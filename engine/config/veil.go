package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// Veiled is the text of a configuration as it may be shown: its keys, and an
// asterisk for each character of a value or a comment. Whatever is wrong with the
// file, a credential may stand anywhere in it: under a key that is spelt wrong,
// in a list, in the query of a url, behind an open quote, before a colon. So it is
// read line by line and not as YAML, and nothing is shown of what is not a key of
// ours, spelt wrong or not, or the name of something where names stand.
func Veiled(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	var around []block
	for i, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if indent == len(strings.TrimRight(line, "\r")) {
			continue
		}
		for len(around) > 0 && around[len(around)-1].indent >= indent {
			around = around[:len(around)-1]
		}
		v := &veil{rest: line, path: make([]string, 0, len(around)+1)}
		for _, b := range around {
			v.path = append(v.path, b.key)
		}
		v.line()
		lines[i] = v.String()
		around = append(around, block{indent, v.first})
	}
	return []byte(strings.Join(lines, "\n"))
}

// block is a key that a line begins with, and how far that is indented.
type block struct {
	indent int
	key    string
}

// aKey is a key and its colon. Names of services and values are lower case;
// credentials mostly are not, and longer.
var aKey = types.Pattern(`^[a-z_][a-z0-9_.-]{0,23} *:( |\r?$)`)

// veil hides one line from the left to the right.
type veil struct {
	strings.Builder
	rest  string
	first string   // the key that the line begins with
	path  []string // the keys around what is read
	flow  int      // how many braces are open
}

func (v *veil) line() {
	for {
		v.keep(len(v.rest) - len(strings.TrimLeft(v.rest, " \t")))
		if item := strings.HasPrefix(v.rest, "- "); !item {
			break
		}
		v.keep(1)
		v.path = append(v.path, "-")
	}
	for v.rest != "" {
		v.member()
	}
}

// member passes one key and its value.
func (v *veil) member() {
	key := aKey().FindString(v.rest)
	name := strings.TrimRight(key, " :\r")
	if !shown(v.path, name) {
		key = ""
	}
	if v.first == "" {
		v.first = cmp.Or(name, "-")
	}
	v.keep(len(strings.TrimRight(key, "\r")))
	v.keep(len(v.rest) - len(strings.TrimLeft(v.rest, " ")))
	switch {
	case strings.HasPrefix(v.rest, "{") && key != "" && !holdsText(name):
		v.keep(1)
		v.flow++
		v.path = append(v.path, name)
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
			v.path = v.path[:len(v.path)-1]
		}
		v.keep(1)
	}
}

// shown reports whether a name may be shown below the keys of a path.
func shown(path []string, name string) bool {
	named := false // by whoever wrote the file
	switch at := len(path); {
	case at > 0 && (path[0] == "services" || path[0] == "secrets" || path[0] == "config" || path[0] == "skills"):
		named = at == 1 || at == 3 && path[0] == "skills" && path[2] == "config"
	case at > 1:
		return false
	}
	return named || len(path) < 3 && isKey(name)
}

// ourKeys are all keys of the file but the names that someone gives.
var ourKeys = slices.Concat(topKeys, serviceKeys, policyKeys).Names()

// letters are what keys of ours are made of.
var letters = types.Pattern(`^[A-Za-z_-]{1,16}$`)

// isKey reports whether a word is a key of the file, or one that is spelt wrong.
func isKey(word string) bool {
	return letters().MatchString(word) && (len(word) < 3 || slices.Contains(ourKeys, word) || diag.Nearest(word, ourKeys) != "")
}

// value hides what continues to the end of a member, or of the line.
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
	return slices.ContainsFunc(serviceKeys.Names(), func(known string) bool {
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
