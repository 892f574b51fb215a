package render

import (
	"io"

	"github.com/skillrun/skillrun/engine/diag"
)

// gitlabIssue is an entry of a code quality report of GitLab.
// See https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
	End   int `json:"end,omitempty"`
}

// gitlab prints a code quality report: a JSON list, which is empty where nothing is wrong.
func gitlab(w io.Writer, c Checked) {
	out := make([]gitlabIssue, len(c.Diagnostics))
	prints := c.prints()
	for i, d := range c.Diagnostics {
		out[i] = gitlabIssue{
			Description: told(d), CheckName: string(d.Code), Fingerprint: prints[i],
			Severity: map[bool]string{true: "minor", false: "major"}[d.Severity == diag.Warning],
			Location: gitlabLocation{Path: c.path(d.At.File), Lines: gitlabLines{Begin: max(1, d.At.Start.Line)}},
		}
		if d.At.End.Line > d.At.Start.Line {
			out[i].Location.Lines.End = d.At.End.Line
		}
	}
	JSON(w, out)
}
