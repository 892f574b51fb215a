package render

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
)

// Checked is what a check found, to be reported to a CI service.
type Checked struct {
	Diagnostics diag.List
	Sources     Sources
	Files       []string // that were checked, those without a finding, too
	Strict      bool     // warnings fail
	Version     string   // of the program
	Dir         string   // from which paths are told: the root of the repository
	// About says what a code stands for, in short and then in full; "" where no page
	// does. It may be nil.
	About func(code diag.Code) string
}

// reports are the formats of CI services, each in a file of its own.
func reports() map[string]func(io.Writer, Checked) {
	return map[string]func(io.Writer, Checked){"sarif": sarif, "github": github, "gitlab": gitlab, "junit": junit}
}

// ReportFormats are the names of the formats that [Report] knows.
func ReportFormats() []string { return []string{"sarif", "github", "gitlab", "junit"} }

// IsReport reports whether a format is one of those of [Report].
func IsReport(format string) bool { return slices.Contains(ReportFormats(), format) }

// Report prints what was found as a CI service reads it. Nothing that was checked can end
// a line or a text of the format: neither a file's name nor what stands in it.
func Report(w io.Writer, format string, c Checked) { reports()[format](w, c) }

// path is a file as a CI service names it: from the root of the repository, without "./".
func (c Checked) path(file string) string {
	if filepath.IsAbs(file) {
		if rel, err := filepath.Rel(c.Dir, file); err == nil && filepath.IsLocal(rel) {
			file = rel
		}
	}
	return filepath.ToSlash(filepath.Clean(file))
}

// uri is the same as a URI reference: what is no character of one is escaped.
func (c Checked) uri(file string) string {
	u := url.URL{Path: c.path(file)}
	if filepath.IsAbs(u.Path) {
		u.Scheme = "file"
	}
	return u.String()
}

// fails reports whether a finding is one for which the check fails.
func (c Checked) fails(d diag.Diagnostic) bool { return c.Strict || d.Severity != diag.Warning }

// prints are the fingerprints of the findings, in their order. One is the same as long as
// the code, the file and the text of the line are, wherever that line moves to; several on
// equal lines are told apart by their order.
func (c Checked) prints() []string {
	out := make([]string, len(c.Diagnostics))
	seen := map[string]int{}
	lines := map[string][]string{}
	for i, d := range c.Diagnostics {
		if _, split := lines[d.At.File]; !split {
			lines[d.At.File] = strings.Split(string(c.Sources[d.At.File]), "\n")
		}
		line := ""
		if n := d.At.Start.Line; n > 0 && n <= len(lines[d.At.File]) {
			line = strings.TrimSpace(lines[d.At.File][n-1])
		}
		key := fmt.Sprintf("%q %q %q", d.Code, c.path(d.At.File), line)
		seen[key]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", key, seen[key]))
		out[i] = hex.EncodeToString(sum[:16])
	}
	return out
}

// told is what a finding says, with its hint on a line of its own.
func told(d diag.Diagnostic) string {
	if d.Hint == "" {
		return Clean(d.Message)
	}
	return Clean(d.Message + "\n" + d.Hint)
}
