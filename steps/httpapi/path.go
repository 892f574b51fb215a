package httpapi

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

func badPath(path string) error {
	return types.Errorf(types.BadInput, "%q is not a path below the url of the service", path).
		WithHint("write it percent-encoded, without . or .. in it, and give the part after ? as query")
}

// checkPath refuses a path that leads above the service's url, or into a query,
// for whatever stands between here and the service: one that decodes once more
// (%252e), takes \ for a slash, leaves out what follows a ; in a part, or reads
// other bytes or wide forms for a dot.
func checkPath(path string) error {
	if _, err := url.PathUnescape(path); err != nil || len(path) > maxPath || strings.ContainsAny(path, "?#\\") {
		return badPath(path)
	}
	for text := path; ; {
		parts := strings.FieldsFunc(text, isSlash)
		if strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) || slices.ContainsFunc(parts, isDots) {
			return badPath(path)
		}
		plain := unescape(text)
		if plain == text {
			return nil
		}
		text = plain
	}
}

// maxPath is more than servers take.
const maxPath = 8 << 10

// unescape decodes each percent-encoding, and leaves a % that begins none.
func unescape(s string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '%')
		if at < 0 || at+3 > len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:at])
		if c, err := strconv.ParseUint(s[at+1:at+3], 16, 8); err == nil {
			b.WriteByte(byte(c))
			s = s[at+3:]
			continue
		}
		b.WriteByte('%')
		s = s[at+1:]
	}
}

func isSlash(r rune) bool { return strings.ContainsRune(`/\／＼`, r) }

func isDots(part string) bool {
	part, _, _ = strings.Cut(part, ";")
	part = strings.ReplaceAll(strings.TrimSpace(part), "．", ".")
	return part == "." || part == ".."
}
