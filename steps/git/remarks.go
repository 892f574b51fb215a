package git

import (
	"strconv"
	"strings"
	"unicode"
)

// remarks is what a server's hooks say to people.
type remarks struct {
	text []byte
	lost int
}

// Write takes what fits and counts the rest.
func (r *remarks) Write(text []byte) (int, error) {
	fits := text[:min(len(text), maxRemarks-len(r.text))]
	r.text = append(r.text, fits...)
	r.lost += len(text) - len(fits)
	return len(text), nil
}

// lines are all that was said, without what a terminal would obey.
func (r *remarks) lines() []string {
	out := []string{}
	for line := range strings.FieldsFuncSeq(string(r.text), func(c rune) bool { return c == '\n' || c == '\r' }) {
		line = strings.TrimSpace(strings.Map(func(c rune) rune {
			if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == unicode.ReplacementChar {
				return -1
			}
			return c
		}, line))
		if line != "" {
			out = append(out, line)
		}
	}
	if r.lost > 0 {
		out = append(out, "… and "+strconv.Itoa(r.lost)+" bytes more")
	}
	return out
}

func (r *remarks) String() string { return strings.Join(r.lines(), "; ") }

// after puts the remarks behind a status, when there are any.
func (r *remarks) after(status string) string {
	clean := remarks{text: []byte(status)}
	if all := r.String(); all != "" {
		return clean.String() + ": " + all
	}
	return clean.String()
}

// maxRemarks is how much of what a server says beside its status is kept.
const maxRemarks = 16 << 10
