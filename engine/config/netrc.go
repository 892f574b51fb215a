package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

type netrcEntry struct{ host, login, password string }

// lookupNetrc returns the first entry for a host that has a password: the one
// of that user when user is not "", else any. For a user whom no entry names,
// one that names no one serves. The default entry is not used: it would go to
// any host. A file that does not read is an error.
func lookupNetrc(text, host, user string) (e netrcEntry, ok bool, err error) {
	entries, err := readNetrc(text)
	if err != nil {
		return e, false, err
	}
	entries = slices.DeleteFunc(entries, func(e netrcEntry) bool {
		return e.password == "" || !strings.EqualFold(e.host, host)
	})
	for _, login := range []string{user, ""} {
		i := slices.IndexFunc(entries, func(e netrcEntry) bool { return user == "" || e.login == login })
		if i >= 0 {
			return entries[i], true, nil
		}
	}
	return e, false, nil
}

// readNetrc takes a netrc file apart, as curl does, with which git reads it
// too (lib/netrc.c there): words between blanks, over as many lines as it
// takes; a word in double quotes may hold blanks, and \n, \r, \t and any other
// character behind a backslash; keywords in any case; a # that begins a word
// begins a comment, but not where a value belongs, since passwords may begin
// so; a macro ends at an empty line. Nothing is kept of the default entry.
func readNetrc(text string) ([]netrcEntry, error) {
	r := netrcReader{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return r.entries, nil
}

type netrcReader struct {
	entries []netrcEntry
	value   *string // where the next word belongs, when it is a value
	macro   bool
	ignored string // what no host's entry is told
}

func (r *netrcReader) line(line string) error {
	line = strings.TrimSpace(line)
	if r.macro {
		r.macro = line != ""
		return nil
	}
	for line != "" {
		if r.value == nil && line[0] == '#' {
			return nil
		}
		word, rest, err := netrcWord(line)
		if err != nil {
			return err
		}
		if line = strings.TrimSpace(rest); r.value != nil {
			*r.value, r.value = word, nil
		} else if r.keyword(strings.ToLower(word)); r.macro {
			return nil
		}
	}
	return nil
}

func (r *netrcReader) keyword(word string) {
	switch word {
	case "machine":
		r.entries = append(r.entries, netrcEntry{})
		r.value = &r.entries[len(r.entries)-1].host
	case "default":
		r.entries = append(r.entries, netrcEntry{}) // no host has an empty name
	case "login", "password", "account":
		r.value = &r.ignored
		if len(r.entries) > 0 {
			e := &r.entries[len(r.entries)-1]
			r.value = map[string]*string{"login": &e.login, "password": &e.password, "account": &r.ignored}[word]
		}
	case "macdef":
		r.macro = true
	}
}

func netrcWord(line string) (word, rest string, err error) {
	if line[0] != '"' {
		end := strings.IndexAny(line, " \t\r\n\v\f")
		if end < 0 {
			end = len(line)
		}
		return line[:end], line[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			return b.String(), line[i+1:], nil
		case c == '\\' && i+1 < len(line):
			i++
			b.WriteByte(cmp.Or(netrcEscapes[line[i]], line[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", "", fmt.Errorf("a quoted word does not end on it")
}

// netrcEscapes are the characters behind a backslash that stand for another one.
var netrcEscapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}
