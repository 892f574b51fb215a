package mask

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/skillrun/skillrun/engine/types"
)

// folded is what all looks of the character that a text begins with have in common,
// and its length; 0 when it looks like that already. Width, accents, case and style
// go, and so does what cannot be seen or is broken.
func folded(text string) (string, int) {
	r, n := utf8.DecodeRuneInString(text)
	switch {
	case r == '\u009b':
		return "\x1b[", n
	case r >= 0x2400 && r < 0x2420: // pictures of control characters
		return string(r - 0x2400), n
	case r == utf8.RuneError, types.Steers(r), unicode.In(r, unicode.Mn, unicode.Me):
		return "", n
	case unicode.Is(unicode.Zs, r):
		return " ", n
	}
	parts := string(unicode.ToLower(r))
	if d := norm.NFKD.PropertiesString(parts).Decomposition(); d != nil {
		parts = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, string(d))
	}
	if parts == text[:n] {
		return "", 0
	}
	return parts, n
}
