package diag_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
)

// A hostile file has tens of thousands of mistakes, each as long as the file: a
// list holds some of them, always an error when there is one.
func TestListsHaveAnEnd(t *testing.T) {
	t.Parallel()
	var l diag.List
	for range 30_000 {
		l.Warnf("w", diag.Range{}, "%s", strings.Repeat("ä", 5000)).Hint = strings.Repeat("h", 5000)
	}
	n := len(l)
	l.Errorf("e", diag.Range{}, "at last")
	l.Errorf("e", diag.Range{}, "once more")
	if n > 10_000 || len(l) != n+1 || !l.HasErrors() || len(l[0].Message) > 2010 {
		t.Errorf("%d warnings, %d in all, errors %t, %d bytes", n, len(l), l.HasErrors(), len(l[0].Message))
	}
	few := l.Foremost(3)
	if len(few) != 3 || few[2].Message != "at last" || len(few[0].Hint) > 2010 {
		t.Errorf("%d foremost, the last is %q", len(few), few[2].Message)
	}
	if all := few.Foremost(100); len(all) != 3 {
		t.Errorf("%d of 3", len(all))
	}
}

// A fix takes the place of exactly what is underlined.
func TestSuggest(t *testing.T) {
	t.Parallel()
	at := func(from, to int) diag.Range {
		return diag.Range{File: "x", Start: diag.Pos{Line: 1, Col: from}, End: diag.Pos{Line: 1, Col: to}}
	}
	for name, c := range map[string]struct {
		at    diag.Range
		word  string
		fixed string
	}{
		"the word itself":     {at(3, 8), "nmaes", "names"},
		"in quotes":           {at(3, 10), "nmaes", ""},
		"a part of an escape": {at(3, 4), "nmaes", ""},
		"without a place":     {diag.Range{File: "x"}, "nmaes", ""},
		"nothing is near":     {at(3, 8), "zzzzz", ""},
		"wide characters":     {at(3, 8), "nämes", "names"},
	} {
		var l diag.List
		d := l.Errorf("c", c.at, "m").Suggest(c.word, []string{"names", "steps"})
		if d.Hint == "" || len(d.Fix) > 1 || (len(d.Fix) == 1) != (c.fixed != "") {
			t.Errorf("%s: hint %q, fix %v", name, d.Hint, d.Fix)
			continue
		}
		if c.fixed != "" && (d.Fix[0].Text != c.fixed || d.Fix[0].At != c.at) {
			t.Errorf("%s: %v", name, d.Fix)
		}
	}
}

// A suggestion is a word that somebody may have meant, and no other of its length.
func TestNearest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ among, want string }{
		"startWith":  {"start_of trim", ""},
		"frobnicate": {"truncate", ""},
		"uppercase":  {"upper lower", "upper"},
		"repositry":  {"repository tag", "repository"},
		"trimprefix": {"trim trim_prefix", "trim_prefix"},
		"tga":        {"tag log", "tag"},
		"b":          {"a", ""},
		"if-":        {"if", "if"},
	} {
		if got := diag.Nearest(name, strings.Fields(c.among)); got != c.want {
			t.Errorf("%s among %s: %q, want %q", name, c.among, got, c.want)
		}
	}
}
