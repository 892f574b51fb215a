package render_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"unicode"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/types"
)

// harmful are all characters of Unicode that do something, or cannot be seen.
func harmful() []rune {
	var out []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r != '\n' && r != '\t' && types.Steers(r) {
			out = append(out, r)
		}
	}
	return out
}

// TestClean: no harmful character comes through, in text or in JSON, and JSON
// says the same as before.
func TestClean(t *testing.T) {
	t.Parallel()
	all := harmful()
	for _, r := range []rune{0, 7, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x61c, 0x200b, 0x200e, 0x2028, 0x202e, 0x2069, 0xfeff, 0xe0041} {
		if !types.Steers(r) {
			t.Errorf("%U does nothing", r)
		}
	}
	for _, r := range "aé本👍 –'\"\\" {
		if types.Steers(r) {
			t.Errorf("%U does something", r)
		}
	}
	text := string(all)
	var styled strings.Builder
	fmt.Fprint(render.Cleaner{W: &styled, Styled: true}, "\x1b[1;31mred\x1b[0m"+text+"\xff\x9b")
	if !strings.HasPrefix(styled.String(), "\x1b[1;31mred\x1b[0m␀") {
		t.Errorf("colours: %.40q", styled.String())
	}
	quoted, _ := json.Marshal(text)
	escaped := render.CleanJSON(string(quoted))
	for name, got := range map[string]string{"Clean": render.Clean(text), "Flat": render.Flat(text), "Said": render.Said(text), "Cleaner": strings.TrimPrefix(styled.String(), "\x1b[1;31mred\x1b[0m"), "CleanJSON": escaped} {
		if i := strings.IndexFunc(got, types.Steers); i >= 0 {
			t.Errorf("%s lets %.6q through", name, got[i:])
		}
	}
	var again string
	if err := json.Unmarshal([]byte(escaped), &again); err != nil || again != text {
		t.Errorf("JSON says something else: %v", err)
	}
	if got := render.Clean("a\u00a0\u2003b\u3000c"); got != "a  b\u3000c" {
		t.Errorf("blanks: %q", got)
	}
	if got, want := render.Said("one\ntwo\r\n\nthree\n"), "one\n  | two␍\n  | \n  | three"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestMarks: marks and selectors stay where they belong to something, and no letter
// has more than a script can give it.
func TestMarks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"👍️ ☝️ é ế สั้น": "👍️ ☝️ é ế สั้น", "a\ufe0fb": "a\ufffdb", "👍\ufe0f\ufe0f": "👍\ufe0f\ufffd",
		"z" + strings.Repeat("\u0335", 30) + "a\u0335": "z" + strings.Repeat("\u0335", 4) + strings.Repeat("\ufffd", 26) + "a\u0335",
		"\u0301x \u0301y\n\u20dd":                      "\ufffdx \ufffdy\n\ufffd",
	} {
		if got := render.Clean(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
		quoted, _ := json.Marshal(text)
		var again string
		escaped := render.CleanJSON(string(quoted))
		if err := json.Unmarshal([]byte(escaped), &again); err != nil || again != text || render.Clean(escaped) != escaped {
			t.Errorf("%q becomes %s in JSON: %v", text, escaped, err)
		}
	}
}

// TestObeyed: a CI service that obeys some lines obeys none of these, and what is
// JSON says the same as before.
func TestObeyed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"::add-mask::a\n  \u3000::error::b\na ::c\n":  "| ::add-mask::a\n  \u3000| ::error::b\na ::c\n",
		"x ##[add-mask]a ##vso[task.x]b ##teamcity[c": "x ## [add-mask]a ## vso[task.x]b ## teamcity[c", "## title [a](b)": "## title [a](b)",
	} {
		var b strings.Builder
		fmt.Fprint(render.Cleaner{W: &b, Obeyed: true}, text)
		if b.String() != want {
			t.Errorf("%q becomes %q", text, b.String())
		}
		quoted, _ := json.Marshal(text)
		var again string
		escaped := render.CleanJSON(string(quoted))
		if err := json.Unmarshal([]byte(escaped), &again); err != nil || again != text || strings.Contains(escaped, "##[") || strings.Contains(escaped, "##vso") {
			t.Errorf("%q becomes %s in JSON: %v", text, escaped, err)
		}
	}
}

// TestWrapper: a terminal never breaks a line where a word could then stand in its
// first column, but in a command.
func TestWrapper(t *testing.T) {
	t.Parallel()
	const width = 40
	for _, filler := range []string{"x ", "    ", "本 ", "👍 ", "\u3000", "\t", "é̂ ", "\x1b[1mx\x1b[0m "} {
		for n := range 60 {
			var b strings.Builder
			line := "note     " + strings.Repeat(filler, n) + " created  mr: evil of " + strings.Repeat("w", n) + " done"
			fmt.Fprintln(render.Wrapper{W: &b, Width: func() int { return width }}, line)
			for i, row := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
				if i > 0 && !strings.HasPrefix(row, "  | ") {
					t.Errorf("%q %d: row %q is not marked", filler, n, row)
				}
				if len([]rune(row)) > width && strings.Contains(strings.TrimPrefix(row, "  | "), " ") && !strings.Contains(row, "\x1b") && filler != "é̂ " {
					t.Errorf("%q %d: row %q is too long", filler, n, row)
				}
			}
		}
	}
	for _, whole := range []string{"short\n", "no end " + strings.Repeat("x ", 40)} {
		var b strings.Builder
		fmt.Fprint(render.Wrapper{W: &b, Width: func() int { return width }}, whole)
		if b.String() != whole {
			t.Errorf("%q becomes %q", whole, b.String())
		}
	}
}

// TestWrappedCommand: a shell takes a command that was broken for the same words,
// and no row of it begins with one of them.
func TestWrappedCommand(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	for n := range 50 {
		x := strings.Repeat("x", n)
		command := "skillrun run ./a.yaml --input 't=" + x + " created  mr: evil of '\\''many'\\'' words 本本本 and more of them' --input $'u=\\x1b[0m " + x + " created  mr\\U0000202e \\' \\\\ and so on for long' --input v=" + x + x + " --yes"
		var b strings.Builder
		fmt.Fprintln(render.Wrapper{W: &b, Width: func() int { return 40 }}, "\x1b[2mto continue:\x1b[0m "+command)
		got := strings.TrimPrefix(b.String(), "to continue: ")
		for i, row := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
			if i > 0 && strings.IndexAny(row, " '$\\") != 0 {
				t.Errorf("%d: row %q begins with a word", n, row)
			}
			if len([]rune(row)) > 40 && strings.Contains(row[1:], " created") {
				t.Errorf("%d: row %q is too long", n, row)
			}
		}
		words := func(command string) string {
			out, err := exec.Command(shell, "-c", "skillrun() { printf '<%s>' \"$@\"; }; "+command).Output()
			if err != nil {
				t.Fatal(err)
			}
			return string(out)
		}
		if was, is := words(command), words(got); was != is {
			t.Fatalf("%d: %q becomes %q, by\n%s", n, was, is, got)
		}
	}
}
