package quay

import (
	"net/http"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// challenge is one way in which a registry wants to see who is asking.
type challenge struct {
	scheme string // lower case
	params map[string]string
}

// tokenPattern is a token of RFC 6750.
var tokenPattern = types.Pattern(`^[A-Za-z0-9._~+/-]+=*$`)

// named is the first challenge of a scheme.
func named(list []challenge, scheme string) (challenge, bool) {
	i := slices.IndexFunc(list, func(c challenge) bool { return c.scheme == scheme })
	if i < 0 {
		return challenge{}, false
	}
	return list[i], true
}

// challenges reads the WWW-Authenticate headers (RFC 9110, 11.6.1): there may
// be several, and each may hold several challenges, with commas between them as
// there are between the parameters of one, and within their quoted values. What
// cannot be read is passed over.
func challenges(h http.Header) []challenge {
	var out []challenge
	for _, line := range h.Values("WWW-Authenticate") {
		out = append(out, challengesIn(line)...)
	}
	return out
}

// blanks stand between words of a header.
const blanks = " \t"

func challengesIn(line string) []challenge {
	var out []challenge
	begins := true // only behind a comma another challenge begins
	for line = strings.TrimLeft(line, blanks); line != ""; line = strings.TrimLeft(line, blanks) {
		if line[0] == ',' {
			line, begins = line[1:], true
			continue
		}
		word, rest := cutWord(line)
		value, behind, isParam := cutValue(rest)
		switch {
		case word == "": // no word of a header: on to the next comma
			_, behind, _ := strings.Cut(line, ",")
			line, begins = behind, true
			continue
		case isParam && len(out) > 0:
			out[len(out)-1].set(word, value)
			rest = behind
		case begins && !isParam:
			out = append(out, challenge{strings.ToLower(word), map[string]string{}})
		}
		line, begins = rest, false
	}
	return out
}

// set keeps the first value of a parameter.
func (c challenge) set(name, value string) {
	if name = strings.ToLower(name); c.params[name] == "" {
		c.params[name] = value
	}
}

// cutWord takes a token (RFC 9110, 5.6.2) from the front.
func cutWord(s string) (word, rest string) {
	n := strings.IndexFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
	if n < 0 {
		n = len(s)
	}
	return s[:n], s[n:]
}

// cutValue takes "= value" from the front; the value is a token, or stands in
// quotes. Some registries write an address without them: up to the next comma
// or blank is taken. What has no value is the padding of a token68.
func cutValue(s string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimLeft(s, blanks), "=")
	if s = strings.TrimLeft(s, blanks); !ok {
		return "", "", false
	}
	if !strings.HasPrefix(s, `"`) {
		n := strings.IndexAny(s, ", \t")
		if n < 0 {
			n = len(s)
		}
		return s[:n], s[n:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), "", true // the end quote is missing
}

// maxScopes is how many of the scopes that a registry names are asked for.
const maxScopes = 16

// scopes are what a token is asked for: to pull what the registry names, else
// to pull the repository that is looked at. The form is that of the token
// specification of the distribution project, TYPE:NAME:ACTIONS, several with a
// blank between; a name may have a colon in it, before a port.
func scopes(named, repository string) []string {
	var out []string
	for _, scope := range strings.Fields(named) {
		kind, rest, _ := strings.Cut(scope, ":")
		i := strings.LastIndexByte(rest, ':')
		if kind != "repository" && !strings.HasPrefix(kind, "repository(") || i <= 0 {
			continue
		}
		actions := strings.Split(rest[i+1:], ",")
		pull := kind + ":" + rest[:i] + ":pull"
		if (slices.Contains(actions, "pull") || slices.Contains(actions, "*")) && !slices.Contains(out, pull) {
			out = append(out, pull)
		}
		if len(out) == maxScopes {
			break
		}
	}
	if out == nil && repository != "" {
		out = []string{"repository:" + repository + ":pull"}
	}
	return out
}
