package render

import (
	"fmt"
	"io"
	"strings"
)

// github prints a workflow command for each finding, which GitHub shows as an annotation.
// See https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
func github(w io.Writer, c Checked) {
	for _, d := range c.Diagnostics {
		properties := []string{"title=" + property(string(d.Code)), "file=" + property(c.path(d.At.File))}
		if at := d.At; at.Start.Line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d,endLine=%d", at.Start.Line, max(at.Start.Line, at.End.Line)))
			if at.Start.Line == at.End.Line { // columns are of one line only
				properties = append(properties, fmt.Sprintf("col=%d,endColumn=%d", at.Start.Col, max(at.Start.Col, at.End.Col)))
			}
		}
		fmt.Fprintf(w, "::%s %s::%s\n", d.Severity, strings.Join(properties, ","), data(told(d)))
	}
}

// data is a text as the message of a workflow command.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property is a text as the value of a property of one.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
