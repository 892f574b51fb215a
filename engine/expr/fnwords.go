package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// wordFunctions are the functions that take texts apart and lay them out.
func wordFunctions() []Function {
	return []Function{
		Function{Name: "lines", Signature: "lines(text: string) list<string>", Doc: "The lines of the text, without their ends; an end at the end of the text begins no line.",
			Example: `lines("a\r\n\nb\n")`, Want: `["a","","b"]`, run: runLines}.plain(types.ListOf(text), text),
		Function{Name: "words", Signature: "words(text: string) list<string>", Doc: "What stands between white space: the columns of a table, for one.",
			Example: `words("api  1/1   Running\n")`, Want: `["api","1/1","Running"]`, run: runWords}.plain(types.ListOf(text), text),
		Function{Name: "contains_ignore_case", Signature: "contains_ignore_case(text: string, part: string) boolean", Doc: "Whether the part is in the text, upper or lower case.",
			Example: `contains_ignore_case("Connection REFUSED", "refused")`, Want: `true`, run: runContainsIgnoreCase}.plain(boolean, text, text),
		Function{Name: "capitalize", Signature: "capitalize(text: string) string", Doc: "The text with its first letter in upper case.",
			Example: `capitalize("fix login")`, Want: `"Fix login"`, run: onText(capitalize)}.plain(text, text),
		Function{Name: "title", Signature: "title(text: string) string", Doc: "The text with the first letter of each word in upper case.",
			Example: `title("in review")`, Want: `"In Review"`, run: onText(title)}.plain(text, text),
		Function{Name: "slug", Signature: "slug(text: string, most?: integer) string", Doc: "The text as part of a branch's name: letters without accents in lower case and digits, everything else one -, none at the ends; at most so many characters.",
			Example: `slug("Fix: Größe of café (API)", 14)`, Want: `"fix-groesse-of"`, run: runSlug}.plain(text, text, integer).optional(1),
		Function{Name: "pad_left", Signature: "pad_left(text: string, length: integer, fill?: string) string", Doc: "The text moved to the right until it has so many characters, with spaces or another character.",
			Example: `pad_left("7", 3, "0")`, Want: `"007"`, run: runPad(true)}.plain(text, text, integer, text).optional(1),
		Function{Name: "pad_right", Signature: "pad_right(text: string, length: integer, fill?: string) string", Doc: "The text filled up at its end until it has so many characters.",
			Example: `pad_right("api", 6) + "up"`, Want: `"api   up"`, run: runPad(false)}.plain(text, text, integer, text).optional(1),
		Function{Name: "repeat", Signature: "repeat(text: string, times: integer) string", Doc: "The text, so many times.",
			Example: `repeat("=", 5)`, Want: `"====="`, run: runRepeat}.plain(text, text, integer),
	}
}

func runLines(ev *evaluator, args []any) (any, error) {
	s := args[0].(string)
	n := strings.Count(s, "\n") + 1
	if err := ev.fuel.Iterate(n); err != nil {
		return nil, err
	}
	out, err := ev.fuel.Room(n)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		out = append(out, line)
	}
	return out, ev.fuel.Spend(fuel.Cell * n)
}

func runWords(ev *evaluator, args []any) (any, error) {
	out := gather{fuel: ev.fuel}
	for w := range strings.FieldsSeq(args[0].(string)) {
		if err := ev.fuel.Iterate(1); err != nil {
			return nil, err
		}
		if err := ev.fuel.Spend(fuel.Cell); err != nil {
			return nil, err
		}
		if err := out.add(w); err != nil {
			return nil, err
		}
	}
	return out.list(), nil
}

func runContainsIgnoreCase(ev *evaluator, args []any) (any, error) {
	s, part := args[0].(string), args[1].(string)
	if err := ev.fuel.Spend(2*len(s) + 2*len(part)); err != nil {
		return nil, err
	}
	return strings.Contains(strings.ToLower(s), strings.ToLower(part)), nil
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

// plainLetters are the letters of Western and Central Europe without what makes
// them special.
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

func runSlug(ev *evaluator, args []any) (any, error) {
	s, most := args[0].(string), len(args[0].(string))
	if len(args) > 1 {
		if most = args[1].(int); most < 1 {
			return nil, badArgument("slug cannot make a text of length %d", most)
		}
	}
	if err := ev.fuel.Spend(6 * len(s)); err != nil {
		return nil, err
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

func runPad(left bool) func(*evaluator, []any) (any, error) {
	return func(ev *evaluator, args []any) (any, error) {
		s, fill := args[0].(string), " "
		if len(args) > 2 {
			fill = args[2].(string)
		}
		if utf8.RuneCountInString(fill) != 1 {
			return nil, badArgument("%q is not one character to fill with", clip(fill))
		}
		n := args[1].(int) - utf8.RuneCountInString(s)
		if n <= 0 {
			return s, nil
		}
		filled, err := ev.repeated(fill, n)
		if err != nil {
			return nil, err
		}
		if err := ev.fuel.Spend(len(s) + len(filled)); err != nil {
			return nil, err
		}
		if left {
			return filled + s, nil
		}
		return s + filled, nil
	}
}

func runRepeat(ev *evaluator, args []any) (any, error) {
	if args[1].(int) < 0 {
		return nil, badArgument("repeat cannot repeat %d times", args[1])
	}
	return ev.repeated(args[0].(string), args[1].(int))
}

func (ev *evaluator) repeated(s string, n int) (string, error) {
	size, fits := multiply(len(s), n)
	if !fits {
		size = -1 // which no budget allows
	}
	if err := ev.fuel.Spend(size); err != nil {
		return "", err
	}
	return strings.Repeat(s, n), nil
}
