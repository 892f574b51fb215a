package stdlib

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

func wordFunctions() []Function {
	return []Function{
		Function{Name: "lines", Signature: "lines(text: string) list<string>", Doc: "The lines of the text, without line breaks; one at the end starts no new line.",
			Example: `lines("a\r\n\nb\n")`, Want: `["a","","b"]`, Run: runLines}.plain(types.ListOf(text), text),
		Function{Name: "words", Signature: "words(text: string) list<string>", Doc: "The words between white space, such as the columns of a table.",
			Example: `words("api  1/1   Running\n")`, Want: `["api","1/1","Running"]`, Run: runWords}.plain(types.ListOf(text), text),
		Function{Name: "contains_ignore_case", Signature: "contains_ignore_case(text: string, part: string) boolean", Doc: "Whether the part is in the text, upper or lower case.",
			Example: `contains_ignore_case("Connection REFUSED", "refused")`, Want: `true`, Run: runContainsIgnoreCase, Cost: 2}.plain(boolean, text, text),
		Function{Name: "capitalize", Signature: "capitalize(text: string) string", Doc: "The text with its first letter in upper case.",
			Example: `capitalize("fix login")`, Want: `"Fix login"`, Run: onText(capitalize), Cost: 2}.plain(text, text),
		Function{Name: "title", Signature: "title(text: string) string", Doc: "The text with the first letter of each word in upper case.",
			Example: `title("in review")`, Want: `"In Review"`, Run: onText(title), Cost: 2}.plain(text, text),
		Function{Name: "slug", Signature: "slug(text: string, most?: integer) string", Doc: "The text as part of a branch name: lower-case letters without accents and digits, everything else replaced by one -, none at the ends; at most this many characters.",
			Example: `slug("Fix: Größe of café (API)", 14)`, Want: `"fix-groesse-of"`, Run: runSlug, Cost: 6}.plain(text, text, integer).optional(1),
		Function{Name: "pad_left", Signature: "pad_left(text: string, length: integer, fill?: string) string", Doc: "The text padded on the left to this length, with spaces or another character.",
			Example: `pad_left("7", 3, "0")`, Want: `"007"`, Run: runPad(true), Cost: 1}.plain(text, text, integer, text).optional(1),
		Function{Name: "pad_right", Signature: "pad_right(text: string, length: integer, fill?: string) string", Doc: "The text padded on the right to this length.",
			Example: `pad_right("api", 6) + "up"`, Want: `"api   up"`, Run: runPad(false), Cost: 1}.plain(text, text, integer, text).optional(1),
		Function{Name: "repeat", Signature: "repeat(text: string, times: integer) string", Doc: "The text, repeated this many times.",
			Example: `repeat("=", 5)`, Want: `"====="`, Run: runRepeat}.plain(text, text, integer),
	}
}

func runLines(by *Caller, args []any) (any, error) {
	s := args[0].(string)
	return by.texts(strings.Count(s, "\n")+1, func(yield func(string) bool) {
		for line := range strings.Lines(s) {
			if !yield(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")) {
				return
			}
		}
	})
}

func runWords(by *Caller, args []any) (any, error) {
	n := 0
	for range strings.FieldsSeq(args[0].(string)) {
		n++
	}
	return by.texts(n, strings.FieldsSeq(args[0].(string)))
}

func runContainsIgnoreCase(_ *Caller, args []any) (any, error) {
	return strings.Contains(strings.ToLower(args[0].(string)), strings.ToLower(args[1].(string))), nil
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func title(s string) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		first := unicode.IsSpace(before)
		if before = r; first {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

// plainLetters are the letters of Western and Central Europe, and what they are in a slug.
const plainLetters = "äae öoe üue ßss àa áa âa ãa åa ăa ąa çc ćc čc ďd đd èe ée êe ëe ęe ěe ģg ğg ìi íi îi ïi ıi łl ľl ñn ńn ňn òo óo ôo õo øo őo ŕr řr śs šs şs ťt ţt ùu úu ûu ůu űu ýy ÿy źz żz žz æae œoe "

// plainLetter is what a letter is in a slug, "" when it has no place there.
func plainLetter(r rune) string {
	if r < utf8.RuneSelf {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return string(r)
		}
		return ""
	}
	_, after, found := strings.Cut(plainLetters, string(r))
	if !found {
		return ""
	}
	out, _, _ := strings.Cut(after, " ")
	return out
}

func runSlug(_ *Caller, args []any) (any, error) {
	s, most := args[0].(string), len(args[0].(string))
	if len(args) > 1 {
		if most = args[1].(int); most < 1 {
			return nil, badArgument("slug cannot make a text of length %d", most)
		}
	}
	var out strings.Builder
	out.Grow(2 * len(s))
	gap := false
	for _, r := range strings.ToLower(s) {
		p := plainLetter(r)
		if p == "" {
			gap = out.Len() > 0
			continue
		}
		if gap {
			out.WriteByte('-')
			gap = false
		}
		out.WriteString(p)
	}
	slug := out.String()
	return strings.TrimRight(slug[:min(len(slug), most)], "-"), nil
}

// runPad fills a text up with another one on its left or its right.
func runPad(left bool) func(*Caller, []any) (any, error) {
	return func(by *Caller, args []any) (any, error) {
		s, fill := args[0].(string), " "
		if len(args) > 2 {
			fill = args[2].(string)
		}
		if utf8.RuneCountInString(fill) != 1 {
			return nil, badArgument("%q is not one character to fill with", types.Clip(fill))
		}
		n := args[1].(int) - utf8.RuneCountInString(s)
		if n <= 0 {
			return s, nil
		}
		filled, err := by.repeated(fill, n, 2)
		if left {
			return filled + s, err
		}
		return s + filled, err
	}
}

func runRepeat(by *Caller, args []any) (any, error) {
	if args[1].(int) < 0 {
		return nil, badArgument("repeat cannot repeat %d times", args[1])
	}
	return by.repeated(args[0].(string), args[1].(int), 1)
}

// repeated is s so many times; so many copies of it are paid for.
func (by *Caller) repeated(s string, n, copies int) (string, error) {
	size, fits := multiply(copies*len(s), n)
	if !fits {
		size = -1 // which no budget allows
	}
	if err := by.Spend(size); err != nil {
		return "", err
	}
	return strings.Repeat(s, n), nil
}
