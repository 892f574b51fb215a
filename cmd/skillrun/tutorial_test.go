package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	tutorialPart = regexp.MustCompile("(?ms)^(?:`([a-z_/]+\\.yaml)`:\n\n)?```(yaml|console)\n(.*?)^```$")
	runID        = regexp.MustCompile(`\d{8}-\d{6}-[a-z0-9]{6}`)
)

// TestTutorial follows docs/tutorial.md from its first line to its last, in an empty
// folder, with the program and no Go: it writes the files, types the commands, and has to
// see what the page shows. A line of … stands for any lines.
func TestTutorial(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	p := newPupil(t)
	files, commands := 0, 0
	for _, part := range tutorialPart.FindAllStringSubmatch(string(page), -1) {
		switch {
		case part[2] == "console":
			commands += p.types(part[3])
		case part[1] != "":
			files++
			p.writes(part[1], part[3])
		}
	}
	if files < 7 || commands < 6 {
		t.Errorf("%d files and %d commands were found", files, commands)
	}
}

// pupil is somebody with the program, a shell and an empty folder.
type pupil struct {
	t         *testing.T
	home, dir string
}

func newPupil(t *testing.T) pupil {
	t.Helper()
	p := pupil{t, t.TempDir(), t.TempDir()}
	program, err := os.Executable()
	if err == nil {
		err = os.Symlink(program, filepath.Join(p.home, "skillrun"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p pupil) writes(file, text string) {
	p.t.Helper()
	at := filepath.Join(p.dir, file)
	err := os.MkdirAll(filepath.Dir(at), 0o700)
	if err == nil {
		err = os.WriteFile(at, []byte(text), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// types runs the commands of a console block, and compares what they print.
func (p pupil) types(block string) int {
	p.t.Helper()
	n := 0
	for part := range strings.SplitSeq("\n"+block, "\n$ ") {
		line, want, _ := strings.Cut(part, "\n")
		if line == "" {
			continue
		}
		n++
		c := exec.CommandContext(p.t.Context(), "bash", "-c", line)
		c.Dir, c.Env = p.dir, []string{"HOME=" + p.home, "PATH=" + p.home + ":/usr/bin:/bin"}
		out, err := c.CombinedOutput()
		got := runID.ReplaceAllString(string(out), "RUN")
		if err != nil || !shows(want, got) {
			p.t.Errorf("$ %s: %v\n%s\nthe page shows\n%s", line, err, got, want)
		}
	}
	return n
}

// shows reports whether an output has the lines of a page, where … is any lines.
func shows(page, output string) bool {
	pattern := "^"
	for line := range strings.Lines(strings.TrimSuffix(page, "\n") + "\n") {
		if line == "…\n" {
			pattern += "(?:.*\n)*?"
		} else {
			pattern += regexp.QuoteMeta(line)
		}
	}
	return regexp.MustCompile(pattern + "$").MatchString(strings.TrimSuffix(output, "\n") + "\n")
}
