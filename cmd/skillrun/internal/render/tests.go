package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/skilltest"
)

// Tests is what `skillrun test` found.
type Tests struct {
	Suites   []TestSuite
	Sources  Sources // the files of tests
	Coverage bool    // it is told
	Min      int     // the percentage that each file needs
	Filtered bool    // only some cases ran
}

// TestSuite is what became of a file of tests.
type TestSuite struct {
	Suite    *skilltest.Suite
	Results  []skilltest.Result
	Coverage skilltest.Coverage
	Updated  int // how many expected values were replaced
}

func (s TestSuite) failed() int {
	n := 0
	for _, r := range s.Results {
		if len(r.Failures) > 0 {
			n++
		}
	}
	return n
}

// tooLow says how a suite's coverage is below the least, "" when it is not.
func (t Tests) tooLow(s TestSuite) string {
	if got := s.Coverage.Percent(); got < t.Min {
		return fmt.Sprintf("coverage is %d%%, below %d%%", got, t.Min)
	}
	return ""
}

// OK reports whether every case passed, and enough is covered.
func (t Tests) OK() bool {
	for _, s := range t.Suites {
		if s.failed() > 0 || t.tooLow(s) != "" {
			return false
		}
	}
	return true
}

// Text prints each failure with its place, and a line for each file.
func (t Tests) Text(w io.Writer, look Look) {
	cases, failed := 0, 0
	for _, s := range t.Suites {
		for _, r := range s.Results {
			t.failures(w, r, look)
		}
		cases, failed = cases+len(s.Results), failed+s.failed()
		t.line(w, s)
	}
	switch {
	case cases == 0:
		fmt.Fprintln(w, "no case has such a name")
	case len(t.Suites) > 1 && failed > 0:
		fmt.Fprintf(w, "%d of %d cases failed\n", failed, cases)
	case len(t.Suites) > 1:
		fmt.Fprintf(w, "%d cases passed\n", cases)
	}
}

func (t Tests) failures(w io.Writer, r skilltest.Result, look Look) {
	if len(r.Failures) == 0 {
		return
	}
	fmt.Fprintf(w, "FAIL  %s: %s\n", Place(diag.Range{File: r.Case.At.File}), Flat(r.Case.Name))
	for _, f := range r.Failures {
		Diagnostics(w, diag.List{f.Diagnostic}, t.Sources, look)
		for line := range strings.Lines(f.Diff) {
			fmt.Fprintf(w, "  %s\n", Flat(strings.TrimSuffix(line, "\n")))
		}
	}
}

func (t Tests) line(w io.Writer, s TestSuite) {
	word, more := "ok  ", ""
	low := t.tooLow(s)
	if s.failed() > 0 || low != "" {
		word = "FAIL"
	}
	if s.failed() > 0 {
		more = fmt.Sprintf(", %d failed", s.failed())
	}
	if s.Updated > 0 {
		more += fmt.Sprintf(", %d %s updated", s.Updated, plural(s.Updated, "value"))
	}
	if t.Coverage {
		more += fmt.Sprintf(", %d%% covered", s.Coverage.Percent())
		for _, g := range s.Coverage.Gaps {
			fmt.Fprintf(w, "%s: %s\n", Place(g.At), Flat(g.What))
		}
	}
	if low != "" {
		more += ": " + low
	}
	fmt.Fprintf(w, "%s  %s  %d %s%s\n", word, Place(diag.Range{File: s.Suite.File}), len(s.Results), plural(len(s.Results), "case"), more)
}

// TestsJSON is the result of `skillrun test --output json`.
type TestsJSON struct {
	OK     bool            `json:"ok"`
	Suites []TestSuiteJSON `json:"suites"`
}

// TestSuiteJSON is a file of tests.
type TestSuiteJSON struct {
	File     string              `json:"file"`
	Skill    string              `json:"skill"`
	Cases    []TestCaseJSON      `json:"cases"`
	Coverage *skilltest.Coverage `json:"coverage,omitempty"`
	Updated  int                 `json:"updated,omitempty"`
}

// TestCaseJSON is a case.
type TestCaseJSON struct {
	Name     string              `json:"name"`
	OK       bool                `json:"ok"`
	Failures []skilltest.Failure `json:"failures"`
}

// JSON returns the results for programs.
func (t Tests) JSON() TestsJSON {
	out := TestsJSON{OK: t.OK(), Suites: []TestSuiteJSON{}}
	for _, s := range t.Suites {
		one := TestSuiteJSON{File: s.Suite.File, Skill: s.Suite.Skill.Name, Cases: []TestCaseJSON{}, Updated: s.Updated}
		for _, r := range s.Results {
			failures := append([]skilltest.Failure{}, r.Failures...)
			one.Cases = append(one.Cases, TestCaseJSON{Name: r.Case.Name, OK: len(failures) == 0, Failures: failures})
		}
		if t.Coverage {
			one.Coverage = &s.Coverage
		}
		out.Suites = append(out.Suites, one)
	}
	return out
}

// JUnit returns the results as JUnit XML, as CI servers read it.
func (t Tests) JUnit() []byte {
	var out junitSuites
	for _, s := range t.Suites {
		suite := junitSuite{Name: s.Suite.File, Tests: len(s.Results), Failures: s.failed()}
		for _, r := range s.Results {
			c := junitCase{Class: s.Suite.Skill.Name, Name: r.Case.Name, File: s.Suite.File, Line: r.Case.At.Start.Line}
			if len(r.Failures) > 0 {
				c.Failure = &junitFailure{Message: r.Failures[0].Message}
				for _, f := range r.Failures {
					c.Failure.Text += f.String() + "\n" + f.Diff
				}
			}
			suite.Cases = append(suite.Cases, c)
		}
		out.Suites = append(out.Suites, suite)
	}
	return junitText(out)
}
