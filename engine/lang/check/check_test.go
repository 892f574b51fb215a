package check_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// The catalogue of these tests: a read, a local step and a write.

type readIn struct {
	Repo  string   `json:"repo" doc:"Repository." trusted:"true"`
	Tag   string   `json:"tag" doc:"Tag."`
	Limit int      `json:"limit,omitempty" doc:"At most so many." minimum:"1"`
	Names []string `json:"names,omitempty" doc:"Names."`
}

type commit struct {
	Sha string `json:"sha" doc:"SHA."`
}

type readOut struct {
	Digest  string   `json:"digest" doc:"Digest."`
	Size    int      `json:"size" doc:"Size."`
	State   string   `json:"state" doc:"State." enum:"open,closed"`
	Commits []commit `json:"commits" doc:"Commits."`
	Note    *string  `json:"note" doc:"A note, when there is one."`
}

type writeIn struct {
	Title string `json:"title" doc:"Title."`
}

type writeOut struct {
	Key string `json:"key" doc:"Key."`
}

func catalogue() *step.Catalogue {
	read := func(context.Context, readIn) (readOut, error) { return readOut{}, nil }
	write := func(context.Context, writeIn) (writeOut, error) { return writeOut{}, nil }
	return step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", read).Failing(types.NotFound).Touching("store", "thing", "read"),
		step.Local("edit", "Edit.", write),
		step.Write("make", "Make.", write).Touching("tracker", "issue", "create"),
	})
}

var expectation = regexp.MustCompile(`### ("(?:[^"\\]|\\.)*")`)

// TestDiagnostics holds each file of testdata against the expectations at the
// ends of its lines: ### "regexp" must match "message [code] (hint)" of a
// diagnostic on that line. What is not expected, and what is expected and does
// not come, fails.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, diags := check.File(file, text, catalogue())
			unmet := wanted(t, string(text))
			for _, d := range diags {
				if !unmet.take(d) {
					t.Errorf("unexpected: %s", d)
				}
			}
			for line, res := range unmet {
				for _, re := range res {
					t.Errorf("%s:%d: no diagnostic matches %q", file, line, re)
				}
			}
		})
	}
}

type expectations map[int][]*regexp.Regexp

func wanted(t *testing.T, text string) expectations {
	out := expectations{}
	for i, line := range strings.Split(text, "\n") {
		for _, m := range expectation.FindAllStringSubmatch(line, -1) {
			pattern, err := strconv.Unquote(m[1])
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			out[i+1] = append(out[i+1], regexp.MustCompile(pattern))
		}
	}
	return out
}

func (e expectations) take(d diag.Diagnostic) bool {
	line := d.At.Start.Line
	for i, re := range e[line] {
		if re.MatchString(d.Message + " [" + string(d.Code) + "] (" + d.Hint + ")") {
			e[line] = append(e[line][:i], e[line][i+1:]...)
			return true
		}
	}
	return false
}
