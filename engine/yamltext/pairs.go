package yamltext

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

const pairLen = len(`\ud83d\ude00`)

// pairs are the spellings of escaped surrogate pairs in a text.
func pairs(text string) []string {
	if !strings.Contains(text, `\u`) {
		return nil
	}
	seen := map[string]bool{}
	eachPair(text, func(at int) { seen[text[at:at+pairLen]] = true })
	return slices.Sorted(maps.Keys(seen))
}

// escaped is the text with other escapes in the place of pairs.
func escaped(text string, by map[string]string) string {
	if len(by) == 0 {
		return text
	}
	var b strings.Builder
	done := 0
	eachPair(text, func(at int) {
		if other, ok := by[text[at:at+pairLen]]; ok {
			b.WriteString(text[done:at])
			b.WriteString(other)
			done = at + pairLen
		}
	})
	b.WriteString(text[done:])
	return b.String()
}

// eachPair calls f with the place of each pair whose backslash is not escaped.
func eachPair(text string, f func(at int)) {
	for i := 0; ; {
		next := strings.IndexByte(text[i:], '\\')
		if next < 0 {
			return
		}
		i += next
		if i+pairLen <= len(text) && character(text[i:i+pairLen]) != "" {
			f(i)
			i += pairLen
			continue
		}
		i = min(i+2, len(text))
	}
}

// character is what an escaped pair stands for, "" when it is none.
func character(pair string) string {
	high, ok := unit(pair[:pairLen/2])
	low, also := unit(pair[pairLen/2:])
	if r := utf16.DecodeRune(high, low); ok && also && r != '\uFFFD' {
		return string(r)
	}
	return ""
}

func unit(escape string) (rune, bool) {
	hex, ok := strings.CutPrefix(escape, `\u`)
	n, err := strconv.ParseUint(hex, 16, 16)
	return rune(n), ok && err == nil
}
