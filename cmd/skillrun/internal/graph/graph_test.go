package graph_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/graph"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps"
)

const root = "../../../.."

// skill checks one of the module's own, with what stands beside it.
func skill(t *testing.T, file string) *engine.Skill {
	t.Helper()
	cat, err := steps.All(&config.Config{}, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	beside := func(folder string) func(string, string) (string, []byte, error) {
		return func(_, name string) (string, []byte, error) {
			found := filepath.Join(filepath.Dir(file), folder, name+".yaml")
			text, err := os.ReadFile(filepath.Join(root, found))
			return found, text, err
		}
	}
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	s, diags := engine.New(engine.Setup{Catalogue: cat, Skills: beside("."), StepTypes: beside("steps")}).Check(file, text)
	if s == nil {
		t.Fatal(diags)
	}
	return s
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile are names that are markup somewhere.
var hostile = []string{
	`<script>alert(1)</script>`, `"]; click n0 "javascript:alert(1)"`, `%%{init: {"securityLevel": "loose"}}%%`,
	"a`b`", `\" ]; evil [label="x`, `<<b>html</b>>`, `</text></svg><img src=x onerror=alert(1)>`, "two\nlines", "\x1b[31mred", "#quot; &lt; &#60;", `\l\N\G`, "end", "$$x$$", "_a_ **b**",
}

// TestHostileNames draws steps whose names, conditions and messages are markup.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		g := graph.Of(text, []engine.Node{
			{ID: "a", Kind: "uses", Step: text, Name: text, If: text, ForEach: text, Errors: map[types.Code]string{"invalid": text}},
			{ID: "b", Kind: "group", Name: text, Steps: []engine.Node{{ID: "c", Kind: "assert", Message: text, Name: text}}},
		})
		g.Mark(graph.States{"a": {Is: "done", Name: text}})

		label := regexp.MustCompile(`"[\pL\pM\pN .,:?'/+()‹›✓✗✎○↻…–‖_#;-]*(<br/>[\pL\pM\pN .,:?'/+()‹›✓✗✎○↻…–‖_#;-]*)*"`)
		for line := range strings.Lines(written(t, g.Mermaid)) {
			if rest := label.ReplaceAllString(line, ""); !regexp.MustCompile(`^ *(flowchart TD|n\d+ ?(\(\[|\[\[|\{\{|>|\[)?(\]\)|\]\]|\}\}|\])?|subgraph n\d+ \[\]|end|n\d+ (-->|-\.->)(\|\|)? n\d+|classDef .*|class n\d+ [a-z]+)\n$`).MatchString(rest) {
				t.Errorf("Mermaid of %q has the line\n%s%s", text, line, rest)
			}
		}

		quoted := regexp.MustCompile(`"([^"\\\n]|\\["\\n])*"`)
		for line := range strings.Lines(written(t, g.DOT)) {
			if rest := quoted.ReplaceAllString(line, "Q"); !regexp.MustCompile(`^ *(digraph Q \{|(graph|node|edge) \[[A-Za-z=, Q]*\];|n\d+ (-> n\d+ )?\[[A-Za-z0-9_=, Q]*\];|subgraph cluster_n\d+ \{|label=Q;|\})\n$`).MatchString(rest) {
				t.Errorf("DOT of %q has the line\n%s%s", text, line, rest)
			}
		}

		for _, svg := range []string{written(t, g.SVG), written(t, g.Inline)} {
			for _, name := range elements(t, svg) {
				if !slices.Contains([]string{"svg", "style", "g", "rect", "path", "text"}, name) {
					t.Errorf("SVG of %q has an element %s", text, name)
				}
			}
		}
	}
}

// elements are the names of the elements of an XML document, which is well-formed.
func elements(t *testing.T, text string) (names []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if e, ok := token.(xml.StartElement); ok {
			names = append(names, e.Name.Local)
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" {
					t.Errorf("there is an attribute %s", a.Name.Local)
				}
			}
		}
	}
}

// TestRelease holds that the flow of the release shows what a person has to know of it.
func TestRelease(t *testing.T) {
	t.Parallel()
	g := graph.Of("release", skill(t, "skills/release_aa_backend_prod.yaml").Steps)
	text := written(t, g.Mermaid)
	for _, want := range []string{
		`["Verify image in Quay<br/>quay_get_tag"]`, "Build first.", `[["Create GitLab MR<br/>gitlab_mr_create"]]`, `{{"inputs.include_billing ?"}}`,
		`-->|"yes"|`, `-->|"no"|`, `-.->|"fails"|`, `(["Await team approval<br/>gitlab_mr_view<br/>↻ every 60s until`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if again := written(t, g.Mermaid); again != text {
		t.Error("the second time it is another one")
	}
}

// TestPlace finds the step of a program for each kind of path of a run.
func TestPlace(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"a": "a", "g/b": "g/b", "each[x%2Fy]/b": "each/b", "each[x]": "each", "a/before.1/login": "a/login",
	} {
		if got := graph.Place(path); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
}

// TestStates holds that a loop tells what a person has to know first.
func TestStates(t *testing.T) {
	t.Parallel()
	s := graph.States{}
	s.Add("each", "done", "All of them")
	s.Add("each[a]/x", "done", "A")
	s.Add("each[b]/x", "failed", "B")
	s.Add("each[c]/x", "done", "C")
	if got := s["each/x"]; got != (graph.State{Is: "failed"}) {
		t.Errorf("the items came to %v", got)
	}
	if got := s["each"]; got != (graph.State{Is: "done", Name: "All of them"}) {
		t.Errorf("the loop came to %v", got)
	}
}
