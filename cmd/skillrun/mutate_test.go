package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// mutation is a way to spoil a text. It keeps the text where it finds nothing to
// spoil.
type mutation struct {
	name string
	do   func(r *rand.Rand, text []byte) []byte
}

// mutations are those of any text, of YAML and of JSON.
func mutations() []mutation {
	return []mutation{
		{"flip bits", flipBits},
		{"truncate", func(r *rand.Rand, text []byte) []byte { return text[:r.IntN(len(text)+1)] }},
		{"cut out", cutOut},
		{"remove a line", onLines(func(r *rand.Rand, at int, lines []string) []string { return slices.Delete(lines, at, at+1) })},
		{"repeat a line", onLines(func(r *rand.Rand, at int, lines []string) []string {
			return slices.Insert(lines, at, slices.Repeat(lines[at:at+1], times(r, lines[at:at+1]))...)
		})},
		{"swap lines", onLines(func(r *rand.Rand, at int, lines []string) []string {
			to := r.IntN(len(lines))
			lines[at], lines[to] = lines[to], lines[at]
			return lines
		})},
		{"remove a block", onBlocks(func(r *rand.Rand, block, rest []string) []string { return rest })},
		{"repeat a block", onBlocks(func(r *rand.Rand, block, rest []string) []string {
			at := r.IntN(len(rest) + 1)
			return slices.Insert(rest, at, slices.Repeat(block, times(r, block))...)
		})},
		{"move a block", onBlocks(func(r *rand.Rand, block, rest []string) []string {
			return slices.Insert(rest, r.IntN(len(rest)+1), block...)
		})},
		{"indent a block", onBlocks(func(r *rand.Rand, block, rest []string) []string {
			by := strings.Repeat(" ", 1+r.IntN(8))
			for i := range block {
				block[i] = by + block[i]
			}
			return slices.Insert(rest, r.IntN(len(rest)+1), block...)
		})},
		{"another value", onValues},
		{"another number", onNumbers},
		{"odd text", func(r *rand.Rand, text []byte) []byte { return insert(r, text, pick(r, oddTexts())) }},
		{"nest", func(r *rand.Rand, text []byte) []byte { return insert(r, text, nested(r)) }},
		{"an expression", func(r *rand.Rand, text []byte) []byte { return insert(r, text, oddExpression(r)) }},
		{"a long text", func(r *rand.Rand, text []byte) []byte {
			return insert(r, text, strings.Repeat(pick(r, oddTexts()), 1+r.IntN(20_000)))
		}},
	}
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// mostRepeated is how many bytes repeated lines have at most: more than skillrun
// reads of a plan, the largest of these files. To make a file of hundreds of
// megabytes would measure the making.
const mostRepeated = 17 << 20

// times is how often lines are repeated: most often once, now and then a lot.
func times(r *rand.Rand, lines []string) int {
	n := 1 + r.IntN(3)
	if r.IntN(10) == 0 {
		n = 1 + r.IntN(3000)
	}
	return min(n, 1+mostRepeated/(1+len(strings.Join(lines, "\n"))))
}

func flipBits(r *rand.Rand, text []byte) []byte {
	text = bytes.Clone(text)
	for range 1 + r.IntN(4) {
		if len(text) > 0 {
			text[r.IntN(len(text))] ^= 1 << r.IntN(8)
		}
	}
	return text
}

func cutOut(r *rand.Rand, text []byte) []byte {
	from := r.IntN(len(text) + 1)
	return append(bytes.Clone(text[:from]), text[from+r.IntN(min(200, len(text)-from)+1):]...)
}

func insert(r *rand.Rand, text []byte, what string) []byte {
	at := r.IntN(len(text) + 1)
	if ends := regexp.MustCompile(`[:\[{,] |- |"`).FindAllIndex(text, -1); len(ends) > 0 && r.IntN(3) > 0 {
		at = pick(r, ends)[1] // where a value is, most often
	}
	return slices.Concat(text[:at], []byte(what), text[at:])
}

func onLines(do func(r *rand.Rand, at int, lines []string) []string) func(*rand.Rand, []byte) []byte {
	return func(r *rand.Rand, text []byte) []byte {
		lines := strings.SplitAfter(string(text), "\n")
		return []byte(strings.Join(do(r, r.IntN(len(lines)), lines), ""))
	}
}

// onBlocks takes a node out of YAML: a line and those behind it that are indented
// further.
func onBlocks(do func(r *rand.Rand, block, rest []string) []string) func(*rand.Rand, []byte) []byte {
	return func(r *rand.Rand, text []byte) []byte {
		lines := strings.SplitAfter(string(text), "\n")
		at := r.IntN(len(lines))
		indent := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
		end := at + 1
		for end < len(lines) && (indent(lines[end]) > indent(lines[at]) || strings.TrimSpace(lines[end]) == "") {
			end++
		}
		block := slices.Clone(lines[at:end])
		return []byte(strings.Join(do(r, block, slices.Delete(lines, at, end)), ""))
	}
}

// values are what stands in the place of another value: another type, an alias, a
// tag, a merge.
func values() []string {
	return []string{
		"", "~", "null", "true", "[]", "{}", "[[]]", "{a: {b: []}}", "-1", "1e999", "0x7f", "'", `"`, "|", ">-", "&a x", "*a", "<<: *a", "!!binary x", "!x y",
		"? a", "- - - -", "a: b: c", "[a, b", "{a: ", "@x", "%x", "`x`", "# x", "--- x", "...", "${{", "}}", "${{ }}", "%{{ if true }}", "2026-02-30", "999999h", "-5s",
	}
}

var afterColon = regexp.MustCompile(`(?m): +([^\n]+)$|: ?("[^"\n]*"|[0-9a-z]+)`)

func onValues(r *rand.Rand, text []byte) []byte {
	found := afterColon.FindAllSubmatchIndex(text, -1)
	if len(found) == 0 {
		return text
	}
	m := pick(r, found)
	from, to := m[2], m[3]
	if from < 0 {
		from, to = m[4], m[5]
	}
	return slices.Concat(text[:from], []byte(pick(r, values())), text[to:])
}

// numbers are out of bounds somewhere.
func numbers(r *rand.Rand) []string {
	return []string{
		"0", "-1", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e400", "1e-400", "0.1", "1e19",
		strings.Repeat("9", 1+r.IntN(50_000)), "1000000000", "NaN", "-0",
	}
}

var digits = regexp.MustCompile(`[0-9]+`)

func onNumbers(r *rand.Rand, text []byte) []byte {
	found := digits.FindAllIndex(text, -1)
	if len(found) == 0 {
		return text
	}
	at := pick(r, found)
	return slices.Concat(text[:at[0]], []byte(pick(r, numbers(r))), text[at[1]:])
}

// oddTexts are what terminals, parsers and people disagree about.
func oddTexts() []string {
	return []string{
		"\x00", "\x1b[2J", "\u009b31m", "\u202e", "\u2028", "\ufeff", "\u00ad", "\u200b", "\ufffd", "\xff\xfe", "\xed\xa0\x80", "\xf4\x90\x80\x80", "e\u0301\u0301\u0301", "ﬀ", "İ", "ß",
		"👩‍👩‍👧‍👦", "𝔞", "\r", "\r\n", "\t", "\v", "\u0085", "\\u0000", `\ud83d`, `\ud83d\ude00`, "../../x", "%252e%252e", "a\nb", "\x7f", "日本語", "٣", "\"", "'", "\\", "$$", ": ", "- ",
	}
}

// nested is a text that goes deep.
func nested(r *rand.Rand) string {
	deep := 1 + r.IntN(200)
	if r.IntN(4) == 0 {
		deep = 1 + r.IntN(60_000)
	}
	open := pick(r, []string{"[", "{a: ", `{"a":`, `[{"a":`, "- ", "(", "${{ (", "${{ [", "!", "a.", "%{{ if true }}", "? "})
	text := strings.Repeat(open, deep)
	if r.IntN(2) == 0 {
		text += strings.Repeat(map[string]string{"[": "]", "{a: ": "}", `{"a":`: "}", "(": ")", "%{{ if true }}": "%{{ end }}"}[open], deep)
	}
	return text
}

// oddExpression is long, deep or much to work out.
func oddExpression(r *rand.Rand) string {
	n := 1 + r.IntN(3000)
	long := pick(r, []string{"1 + ", "'a' + ", "!", "-", "true && ", "inputs.x ?? ", "1 ?: ", "[1, ", "map([1,2,3], ", "filter(1..100000, ", "x(", "'a' matches '(a+)+$' || ", "{a: "})
	close := map[string]string{"[1, ": "]", "map([1,2,3], ": ")", "filter(1..100000, ": ")", "x(": ")", "{a: ": "}"}[long]
	return fmt.Sprintf("${{ %s1%s }}", strings.Repeat(long, n), strings.Repeat(close, n))
}
