package render

import (
	"encoding/xml"
	"io"
	"slices"

	"github.com/skillrun/skillrun/engine/diag"
)

// The elements of JUnit XML, of which each CI service reads a little less than the others.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []junitSuite
	}
	junitSuite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Cases    []junitCase
	}
	junitCase struct {
		XMLName xml.Name      `xml:"testcase"`
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitFailure `xml:"failure"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junitText is a report as text. Nothing in it can fail to become XML: characters that
// are none of it are replaced.
func junitText(out junitSuites) []byte {
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil
	}
	return append([]byte(xml.Header), append(text, '\n')...)
}

// junit prints a suite for each file, with a case for each finding: one that fails, or for
// a warning one that passes and says so. A file without any has one case, which passes.
func junit(w io.Writer, c Checked) {
	var out junitSuites
	files := slices.Clone(c.Files)
	for _, d := range c.Diagnostics {
		if !slices.Contains(files, d.At.File) {
			files = append(files, d.At.File)
		}
	}
	for _, file := range files {
		out.Suites = append(out.Suites, c.suite(file))
	}
	w.Write(junitText(out)) // a stdout that cannot be written is not ours to mend
}

func (c Checked) suite(file string) junitSuite {
	path := Flat(c.path(file))
	out := junitSuite{Name: path}
	for _, d := range c.Diagnostics {
		if d.At.File != file {
			continue
		}
		at := diag.Range{File: path, Start: d.At.Start}
		one := junitCase{Class: path, Name: string(d.Code) + " at " + at.String(), File: path, Line: d.At.Start.Line, Out: told(d)}
		if c.fails(d) {
			out.Failures++
			one.Failure = &junitFailure{Message: Flat(d.Message), Text: at.String() + ": " + one.Out}
			one.Out = ""
		}
		out.Cases = append(out.Cases, one)
	}
	if len(out.Cases) == 0 {
		out.Cases = []junitCase{{Class: path, Name: "check", File: path, Line: 1}}
	}
	out.Tests = len(out.Cases)
	return out
}
