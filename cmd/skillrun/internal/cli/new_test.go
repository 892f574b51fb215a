package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNewAsks: what is not given is asked for, until it can be; an empty answer takes
// what is usual.
func TestNewAsks(t *testing.T) {
	t.Parallel()
	x := newPerson(t, strings.NewReader("Greet\ngreet\n\ncount:text\nname count:integer\nnever read"))
	if code := x.Run(t.Context(), []string{"new"}); code != exitDone {
		t.Fatalf("exit %d:\n%s", code, x.log.String())
	}
	x.wants(t, "name of the skill: ", `name "Greet" is not lower-case`, "name of the skill: ",
		"what it does (Puts its inputs into a line): ",
		"inputs, such as: tag count:integer (name): ", `the type of input count is string, integer, number or boolean, not "text"`, "inputs, ")
	text, err := os.ReadFile(filepath.Join(x.Dir, "skills/greet.yaml"))
	if err != nil || !strings.Contains(string(text), "description: Puts its inputs into a line\n") || !strings.Contains(string(text), "  count: {type: integer, ") {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestNewAsksForNothing: where all is given there is no question.
func TestNewAsksForNothing(t *testing.T) {
	t.Parallel()
	x := newPerson(t, strings.NewReader(""))
	if code := x.Run(t.Context(), []string{"new", "greet", "--description", "Greets", "--input", "name"}); code != exitDone || x.log.Len() > 0 {
		t.Errorf("exit %d:\n%s", code, x.log.String())
	}
}

// TestNewWithoutAnAnswer makes nothing.
func TestNewWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	x := newPerson(t, strings.NewReader("greet\n"))
	if code := x.Run(t.Context(), []string{"new"}); code != exitRefused {
		t.Errorf("exit %d:\n%s", code, x.log.String())
	}
	x.wants(t, "what it does was not given; nothing was made")
	if _, err := os.Stat(filepath.Join(x.Dir, "skills")); err == nil {
		t.Error("there is something")
	}
	y := newPerson(t, strings.NewReader("other\nexec\n"))
	y.Run(t.Context(), []string{"new", "--step", "disk"})
	y.wants(t, "exec (a program) or http (a request): ", `it is exec or http, not "other"`, "request): ", "command line, with inputs in braces (echo {text}): ")
}
