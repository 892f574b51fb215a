package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordingAndPicture(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"900.txt": "\x1b[32m✓\x1b[39m \x1b[2ma < b\x1b[0m\n\n\n", "100.txt": "$\n", "300.txt": "$\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cast, svg := filepath.Join(out, "a.cast"), filepath.Join(out, "a.svg")
	if err := run(dir, 20, 5, cast, svg, "$"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(cast)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"height":5,"title":"skillrun","version":2,"width":20}
[0,"o","\u001b[H\u001b[2J$"]
[0.8,"o","\u001b[H\u001b[2J\u001b[32m✓\u001b[39m \u001b[2ma < b\u001b[0m"]
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the recording (-want +got):\n%s", diff)
	}
	drawn, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`y="28" textLength="8.4" lengthAdjust="spacingAndGlyphs" fill="#d7dae0">$</text>`,
		`fill="#98c379">✓</text>`, `fill="#d7dae0" opacity="0.6">a &lt; b</text>`,
	} {
		if !strings.Contains(string(drawn), part) {
			t.Errorf("%s is not in the picture:\n%s", part, drawn)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	empty, odd := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(odd, "x.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{empty: "no screens in ", odd: "x.txt is not named by a time in milliseconds"} {
		if err := run(dir, 1, 1, "", "", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
