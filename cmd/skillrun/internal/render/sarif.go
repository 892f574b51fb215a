package render

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
)

// What a report names of the project.
const (
	homepage  = "https://github.com/skillrun/skillrun"
	codesPage = homepage + "/blob/main/docs/checks.md#" // has a section for each code
)

// The objects of SARIF 2.1.0 that a report has, named as the standard names them.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifMessage `json:"shortDescription"`
		Help    sarifMessage `json:"help"`
		HelpURI string       `json:"helpUri,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string            `json:"ruleId"`
		RuleIndex int               `json:"ruleIndex"`
		Level     string            `json:"level"`
		Message   sarifMessage      `json:"message"`
		Locations []sarifLocation   `json:"locations"`
		Related   []sarifLocation   `json:"relatedLocations,omitempty"`
		Prints    map[string]string `json:"partialFingerprints"`
		Fixes     []sarifFix        `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifMessage `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Description sarifMessage  `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion  `json:"deletedRegion"`
		Inserted sarifMessage `json:"insertedContent"`
	}
)

// sarif prints a log of the Static Analysis Results Interchange Format, 2.1.0.
func sarif(w io.Writer, c Checked) {
	log := sarifLog{Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: make([]sarifRun, 1)}
	run := &log.Runs[0]
	run.ColumnKind = "unicodeCodePoints"
	run.Results = []sarifResult{}
	run.Tool.Driver = sarifDriver{Name: "skillrun", Version: c.Version, InformationURI: homepage, Rules: c.rules()}
	prints := c.prints()
	for i, d := range c.Diagnostics {
		r := sarifResult{
			RuleID: string(d.Code), Level: d.Severity.String(), Message: plainText(told(d)),
			RuleIndex: slices.IndexFunc(run.Tool.Driver.Rules, func(r sarifRule) bool { return r.ID == string(d.Code) }),
			Locations: []sarifLocation{{Physical: c.physical(d.At)}},
			Prints:    map[string]string{"skillrunLine/v1": prints[i]},
			Fixes:     c.fixes(d),
		}
		for j, n := range d.Related {
			said := plainText(Clean(n.Message))
			r.Related = append(r.Related, sarifLocation{ID: j + 1, Physical: c.physical(n.At), Message: &said})
		}
		run.Results = append(run.Results, r)
	}
	JSON(w, log)
}

// rules are the codes that were found, in the order of the alphabet.
func (c Checked) rules() []sarifRule {
	codes := map[diag.Code]bool{}
	out := []sarifRule{}
	for _, d := range c.Diagnostics {
		if codes[d.Code] {
			continue
		}
		codes[d.Code] = true
		about := ""
		if c.About != nil {
			about = c.About(d.Code)
		}
		about = cmp.Or(about, strings.ReplaceAll(string(d.Code), "-", " "))
		short, _, _ := strings.Cut(about, "\n\n")
		out = append(out, sarifRule{ID: string(d.Code), Short: plainText(Flat(short)), Help: plainText(about), HelpURI: codesPage + string(d.Code)})
	}
	slices.SortFunc(out, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (c Checked) artifact(file string) sarifArtifact {
	out := sarifArtifact{URI: c.uri(file), Base: "%SRCROOT%"}
	if strings.HasPrefix(out.URI, "file:") {
		out.Base = ""
	}
	return out
}

func (c Checked) physical(at diag.Range) sarifPhysical {
	out := sarifPhysical{Artifact: c.artifact(at.File)}
	if at.Start.Line > 0 {
		region := regionOf(at)
		out.Region = &region
	}
	return out
}

// regionOf is a place, of which the standard, too, counts the column behind the last one.
func regionOf(at diag.Range) sarifRegion {
	return sarifRegion{StartLine: at.Start.Line, StartColumn: at.Start.Col, EndLine: max(at.Start.Line, at.End.Line), EndColumn: max(1, at.End.Col)}
}

func (c Checked) fixes(d diag.Diagnostic) []sarifFix {
	if len(d.Fix) == 0 {
		return nil
	}
	fix := sarifFix{Description: plainText(Clean(cmp.Or(d.Hint, d.Message)))}
	for _, e := range d.Fix {
		to := c.artifact(e.At.File)
		i := slices.IndexFunc(fix.Changes, func(x sarifChange) bool { return x.Artifact == to })
		if i < 0 {
			i, fix.Changes = len(fix.Changes), append(fix.Changes, sarifChange{Artifact: to})
		}
		fix.Changes[i].Replacements = append(fix.Changes[i].Replacements, sarifReplacement{Deleted: regionOf(e.At), Inserted: sarifMessage{e.Text}})
	}
	return []sarifFix{fix}
}

// plainText is a text as a message, of which braces and links would mean something.
func plainText(s string) sarifMessage {
	s = strings.NewReplacer("{", "{{", "}", "}}").Replace(s)
	if strings.Contains(s, "](") {
		s = strings.NewReplacer("[", `\[`, "]", `\]`).Replace(s)
	}
	return sarifMessage{s}
}
