package git

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMergeTexts puts changes together, and refuses what no one can.
func TestMergeTexts(t *testing.T) {
	t.Parallel()
	const no = "\x00"
	for name, tt := range map[string]struct{ base, ours, theirs, want string }{
		"apart":                       {"a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"},
		"the same":                    {"a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n", "a\nB\nc\n"},
		"the same, and one more":      {"a\nb\nc\nd\n", "A\nb\nc\nd\n", "A\nb\nc\nD\n", "A\nb\nc\nD\n"},
		"one line":                    {"a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n", no},
		"lines that touch":            {"a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nb\nC\nd\n", no},
		"both add at one place":       {"a\nb\n", "a\nx\nb\n", "a\ny\nb\n", no},
		"both add the same":           {"a\nb\n", "a\nx\nb\n", "a\nx\nb\n", "a\nx\nb\n"},
		"one deletes what one edits":  {"a\nb\nc\n", "a\nc\n", "a\nB\nc\n", no},
		"deleted apart":               {"a\nb\nc\nd\ne\n", "b\nc\nd\ne\n", "a\nb\nc\nd\n", "b\nc\nd\n"},
		"nothing was there":           {"", "a\n", "b\n", no},
		"no line break at the end":    {"a\nb\nc", "A\nb\nc", "a\nb\nc\n", "A\nb\nc\n"},
		"the end of both is changed":  {"a\nb", "a\nb\n", "a\nc", no},
		"line breaks of another kind": {"a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n"},
		"no UTF-8":                    {"\xff\nb\nc\n", "\xfe\nb\nc\n", "\xff\nb\n\xfc\n", "\xfe\nb\n\xfc\n"},
		"binary":                      {"a\x00\nb\nc\n", "A\x00\nb\nc\n", "a\x00\nb\nC\n", no},
	} {
		got, ok := mergeTexts(tt.base, tt.ours, tt.theirs)
		if ok != (tt.want != no) || ok && got != tt.want {
			t.Errorf("%s: %q %v, want %q", name, got, ok, tt.want)
		}
	}
}

// drawn is a text of a few lines, of which some are there more often.
func drawn(r *rand.Rand, kinds int) []string {
	out := make([]string, 3+r.IntN(20))
	for i := range out {
		out[i] = fmt.Sprintf("line %d\n", r.IntN(kinds))
	}
	return out
}

// edited is a text with some of its lines changed.
func edited(r *rand.Rand, lines []string, kinds int) []string {
	out := slices.Clone(lines)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(out) + 1)
		n := min(r.IntN(3), len(out)-at)
		add := drawn(r, kinds)[:r.IntN(3)]
		out = slices.Replace(out, at, at+n, add...)
	}
	return out
}

// TestLineDiff: whatever the texts, the hunks make one of the other, and are apart.
func TestLineDiff(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		kinds := 1 + r.IntN(30)
		a := drawn(r, kinds)
		b := edited(r, a, kinds)
		if r.IntN(4) == 0 {
			b = drawn(r, kinds)
		}
		n := lineNumbers{numbers: map[string]int{}}
		before, after := n.lines(strings.Join(a, "")), n.lines(strings.Join(b, ""))
		var made []int
		at := 0
		hunks := lineDiff(before, after)
		for i, h := range hunks {
			if h.from < at || i > 0 && h.from == at || h.from == h.to && h.newFrom == h.newTo {
				t.Fatalf("%v in %q and %q", hunks, a, b)
			}
			made = append(append(made, before[at:h.from]...), after[h.newFrom:h.newTo]...)
			at = h.to
		}
		if made = append(made, before[at:]...); !slices.Equal(made, after) {
			t.Fatalf("%v make %v of %v, want %v", hunks, made, before, after)
		}
	}
}

// TestLineDiffOfHostileTexts ends soon, and is right.
func TestLineDiffOfHostileTexts(t *testing.T) {
	t.Parallel()
	const n = 200_000
	pattern := func(f func(i int) int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	same := pattern(func(int) int { return 0 })
	up, down := pattern(func(i int) int { return i }), pattern(func(i int) int { return n - i })
	few := pattern(func(i int) int { return i * i % 97 })
	other := pattern(func(i int) int { return i * i * i % 89 })
	pairs := pattern(func(i int) int { return i / 2 })
	for name, tt := range map[string][2][]int{
		"one line":  {same, slices.Insert(slices.Clone(same), n/2, 1)},
		"backwards": {up, down}, "few lines": {few, other}, "pairs": {pairs, slices.Concat(pairs[n/2:], pairs[:n/2])},
		"sixty times": {pattern(func(i int) int { return i % (n / 60) }), pattern(func(i int) int { return (i*7 + 1) % (n / 60) })},
	} {
		began := time.Now()
		var made []int
		at := 0
		for _, h := range lineDiff(tt[0], tt[1]) {
			made = append(append(made, tt[0][at:h.from]...), tt[1][h.newFrom:h.newTo]...)
			at = h.to
		}
		if made = append(made, tt[0][at:]...); !slices.Equal(made, tt[1]) {
			t.Errorf("%s: the difference is wrong", name)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestMergeTextsIsFair: whichever side is ours, and what one side alone changed is what
// comes out.
func TestMergeTextsIsFair(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	for range 5_000 {
		kinds := 1 + r.IntN(40)
		lines := drawn(r, kinds)
		base, ours, theirs := strings.Join(lines, ""), strings.Join(edited(r, lines, kinds), ""), strings.Join(edited(r, lines, kinds), "")
		one, ok := mergeTexts(base, ours, theirs)
		if other, also := mergeTexts(base, theirs, ours); ok != also || one != other {
			t.Fatalf("%q, %q and %q make %q, and the other way round %q", base, ours, theirs, one, other)
		}
		for _, same := range []string{base, ours} {
			if got, ok := mergeTexts(base, ours, same); !ok || got != ours {
				t.Fatalf("%q, %q and %q make %q %v", base, ours, same, got, ok)
			}
		}
	}
}

// TestMergeTextsAsGit merges drawn texts as git merge-file does with the same method: what
// both merge is the same. Of lines that are there several times nobody knows which was
// changed: there the two may differ in whether they dare.
func TestMergeTextsAsGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	tries := map[string]int{"": 300, "ci": 1_000, "full": 20_000}[os.Getenv("SKILLRUN_SWEEP")]
	r := rand.New(rand.NewPCG(7, 7))
	dir := t.TempDir()
	var merged, refused, bolder, shyer int
	for range tries {
		kinds := 1000
		if r.IntN(2) == 0 {
			kinds = 5 + r.IntN(20)
		}
		base := drawn(r, kinds)
		texts := map[string]string{"base": strings.Join(base, ""), "ours": strings.Join(edited(r, base, kinds), ""), "theirs": strings.Join(edited(r, base, kinds), "")}
		for name, text := range texts {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("git", "merge-file", "-p", "ours", "base", "theirs")
		cmd.Dir = dir
		out, err := cmd.Output()
		got, ok := mergeTexts(texts["base"], texts["ours"], texts["theirs"])
		switch {
		case ok && err == nil:
			if merged++; got != string(out) {
				t.Errorf("%q\nmerged as %q\ngit: %q", texts, got, out)
			}
		case ok:
			bolder++
			if kinds == 1000 {
				t.Errorf("%q\nmerged as %q\ngit refuses", texts, got)
			}
		case err == nil:
			shyer++
			if kinds == 1000 {
				t.Errorf("%q\nrefused\ngit: %q", texts, out)
			}
		default:
			refused++
		}
	}
	t.Logf("%d merged alike, %d refused alike; merged here only %d, by git only %d", merged, refused, bolder, shyer)
	if merged == 0 || refused == 0 || (bolder+shyer)*10 > tries {
		t.Error("the texts do not try what they are for, or the two differ too often")
	}
}
