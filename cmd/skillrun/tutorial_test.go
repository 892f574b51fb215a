package main

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var tutorialPart = regexp.MustCompile("(?ms)^(?:`([a-z_/]+\\.yaml)`:\n\n)?```(yaml|console)\n(.*?)^```$")

// TestTutorial: docs/tutorial.md is the text of testdata/tutorial.txtar, from its first
// line to its last. TestScripts runs that in an empty folder, with the program and a Debian
// base and no Go: it writes the files and types the commands, and has to see what the page
// shows. UPDATE_SCRIPTS=1 writes it.
func TestTutorial(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/tutorial.txtar"
	want, files, commands := tutorial(string(page))
	if files < 7 || commands < 6 {
		t.Errorf("%d files and %d commands were found", files, commands)
	}
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is not what docs/tutorial.md says (%v): UPDATE_SCRIPTS=1 go test ./cmd/skillrun -run '^TestTutorial$' writes it", file, err)
	}
}

// tutorial makes the script of the page.
func tutorial(page string) (script string, files, commands int) {
	var steps, archive strings.Builder
	steps.WriteString("# The text of docs/tutorial.md as a script: see TestTutorial.\nmkdir empty\ncd empty\n")
	for _, part := range tutorialPart.FindAllStringSubmatch(page, -1) {
		switch name := part[1]; {
		case part[2] == "console":
			for block := range strings.SplitSeq("\n"+part[3], "\n$ ") {
				if line, shown, _ := strings.Cut(block, "\n"); line != "" {
					commands++
					typed(&steps, line, shown)
				}
			}
		case name != "":
			fmt.Fprintf(&steps, "\nmkdir %s\ncp ../page/%d/%s %s\n", path.Dir(name), files, path.Base(name), name)
			fmt.Fprintf(&archive, "-- page/%d/%s --\n%s", files, path.Base(name), part[3])
			files++
		}
	}
	return steps.String() + "\n" + archive.String(), files, commands
}

// typed is a command and what the page shows of it.
func typed(script *strings.Builder, line, shown string) {
	quoted := func(text string) string { return strings.ReplaceAll(text, "'", "''") }
	fmt.Fprintf(script, "\nexec sh -c 'PATH=${PATH%%%%:*}:/usr/bin:/bin; { %s; } 2>&1'\nstdout '\\A%s\\z'\n", quoted(line), quoted(pattern(shown)))
}

// pattern matches what the page shows: a line of … is any lines, and RUN the id of a run.
func pattern(shown string) string {
	var out strings.Builder
	for line := range strings.Lines(strings.TrimSuffix(shown, "\n") + "\n") {
		if line == "…\n" {
			out.WriteString(`(?:.*\n)*?`)
		} else {
			out.WriteString(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSuffix(line, "\n")), "RUN", `(?:RUN|\d{8}-\d{6}-[a-z0-9]{6})`) + `\n`)
		}
	}
	return strings.TrimSuffix(out.String(), `\n`) + `\n?`
}
