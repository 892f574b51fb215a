package book_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/book"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps"
)

// hostile is text that is markup in Markdown and in HTML.
const hostile = "<script>alert(1)</script> ![x](http://evil.example/p.png) [y](javascript:alert(1)) `z` **b** | c | </code></pre> \x1b[31m &lt; <https://evil.example> # h"

// subject is a skill all of whose texts are hostile.
func subject(t *testing.T) *book.Subject {
	t.Helper()
	cat, err := steps.All(&config.Config{}, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	q := func(s string) string { return string(types.Encode(s)) }
	text := "name: bad\ndescription: " + q(hostile+"\n\n# Injected\n\n```\n") + "\ninputs:\n  a: {type: string, required: true, description: " + q(hostile) + "}\n  b: {type: string, default: " + q(hostile) + ", description: \"\"}\n" +
		"steps:\n  - {id: x, name: " + q(hostile) + ", assert: 'inputs.a != \"\"', message: " + q(hostile) + "}\n  - {id: y, if: 'inputs.b != \"|`\"', uses: state_set, with: {name: n, value: 1}, errors: {conflict: " + q(hostile) + "}}\n" +
		"outputs: {summary: " + q("```\n"+hostile+"\n````\n") + "}\n"
	e := engine.New(engine.Setup{Catalogue: cat})
	skill, diags := e.Check("bad.yaml", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	tests := "cases:\n  - name: " + q(hostile) + "\n    inputs: {a: " + q(hostile) + "}\n    answers: {y: {returns: {}}}\n"
	suite, diags := skilltest.Read("bad_test.yaml", []byte(tests), skill, cat)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	cfg, _ := config.Parse("", nil, steps.Kinds())
	s := &book.Subject{Skill: skill, Told: refdocs.Describe(skill, cfg, nil), Command: "skillrun bad", Source: true, Others: []book.Other{
		{Name: "other", About: hostile, Calls: []string{"bad"}},
	}}
	for _, c := range suite.Cases {
		r := suite.Run(c)
		if len(r.Failures) > 0 {
			t.Fatal(r.Failures)
		}
		s.Tests = append(s.Tests, &book.Example{Name: c.Name, Inputs: c.Inputs, Outcome: r.Outcome})
	}
	return s
}

// TestHostileTexts holds that no text of a skill or its tests becomes markup of its page.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	s := subject(t)
	var md, page strings.Builder
	if err := s.Markdown(&md); err != nil {
		t.Fatal(err)
	}
	fenced := regexp.MustCompile("(?ms)^(```+)[a-z]*\n.*?\n```+\n\n").ReplaceAllString(md.String(), "")
	titles := regexp.MustCompile(`(?m)^#+ .*$`).FindAllString(fenced, -1)
	if got, want := strings.Join(titles, "\n"), "# bad\n## Overview\n## Quick start\n### In CI\n### For agents\n## Inputs\n## Flow\n## What it reads and writes\n### Step types used\n## Example output\n## Errors and their cures\n## ⚠ Warning\n## Related skills\n## Source"; got != want {
		t.Errorf("the titles are\n%s", got)
	}
	if err := s.HTML(&page); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(page.String(), "<body>")
	for _, m := range regexp.MustCompile(`<([a-z0-9]+)[^>]*>`).FindAllStringSubmatch(body, -1) {
		switch m[1] {
		case "script", "img", "iframe", "object", "embed", "link", "style":
			t.Errorf("the page has an element %s", m[0])
		case "a":
			if !strings.Contains(m[0], `href="#`) {
				t.Errorf("the page has a link %s", m[0])
			}
		}
		if regexp.MustCompile(`\s(on[a-z]+|style)\s*=`).MatchString(m[0]) {
			t.Errorf("the page has an attribute in %s", m[0])
		}
	}
	if n := strings.Count(body, "&lt;script&gt;alert(1)&lt;/script&gt;"); n < 8 {
		t.Errorf("the text is told %d times only:\n%s", n, body)
	}
	if strings.Contains(page.String(), "\x1b") || strings.Contains(md.String(), "\x1b") {
		t.Error("a control character is passed on")
	}
}
