package render_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/diag"
)

// hostile are texts that would end a line, a value or an element of one of the formats.
func hostile() []string {
	return []string{
		"plain", "a\nb\r\nc", "::error file=x::gone", "\n::error::gone", "x,line=9", "a:b::c", "100%25 %0A", "]]></failure><x/>", `"}],"x":[{`, "<!-- & -->",
		"\x1b[31mred\a\x00", "[link](mailto:x)", "{0} ${{ inputs.x }}", "##[error]gone", "..", "ünï #1?.yaml", "\u202egone", "\xff\xfe",
	}
}

// found is a report with a finding for each hostile text, in its file's name, its message,
// its hint and its fix.
func found() render.Checked {
	c := render.Checked{Version: "1.2.3", Dir: "/repo", Sources: render.Sources{}}
	for i, s := range hostile() {
		at := diag.Range{File: "skills/" + s + ".yaml", Start: diag.Pos{Line: i + 1, Col: 2}, End: diag.Pos{Line: i + 1, Col: 5}}
		var l diag.List
		d := l.Errorf("bad-value", at, "says %s", s).Replace(s)
		d.Hint = "leave out " + s
		d.Related = []diag.Note{{At: at, Message: "first " + s}}
		l.Warnf("not-filled-in", diag.Range{File: at.File}, "%s", s)
		c.Diagnostics = append(c.Diagnostics, l...)
		c.Files = append(c.Files, at.File)
	}
	return c
}

func report(format string, c render.Checked) string {
	var b bytes.Buffer
	render.Report(&b, format, c)
	return b.String()
}

// TestGitHubCommands reads what is printed as GitHub documents workflow commands: a line
// each, with the properties and the message escaped.
func TestGitHubCommands(t *testing.T) {
	t.Parallel()
	c := found()
	lines := strings.Split(strings.TrimSuffix(report("github", c), "\n"), "\n")
	if len(lines) != len(c.Diagnostics) {
		t.Fatalf("%d lines for %d findings", len(lines), len(c.Diagnostics))
	}
	for i, line := range lines {
		d := c.Diagnostics[i]
		m := regexp.MustCompile(`^::(error|warning) ([^:]*)::(.*)$`).FindStringSubmatch(line)
		if m == nil || m[1] != d.Severity.String() {
			t.Errorf("no command: %q", line)
			continue
		}
		got := map[string]string{}
		for _, p := range strings.Split(m[2], ",") {
			k, v, _ := strings.Cut(p, "=")
			got[k] = unescaped(t, v)
		}
		want := map[string]string{"file": d.At.File, "title": string(d.Code)}
		if n := d.At.Start.Line; n > 0 {
			want["line"], want["endLine"], want["col"], want["endColumn"] = fmt.Sprint(n), fmt.Sprint(n), "2", "5"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
		if said := unescaped(t, m[3]); !strings.HasPrefix(said, render.Clean(d.Message)) {
			t.Errorf("it says %q of %q", said, d.Message)
		}
	}
}

// unescaped is the value of a property, or a message, of a workflow command.
func unescaped(t *testing.T, s string) string {
	t.Helper()
	if rest := regexp.MustCompile(`%(25|0D|0A|3A|2C)`).ReplaceAllString(s, ""); strings.ContainsAny(rest, "%\r\n") {
		t.Errorf("%q is not escaped", s)
	}
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(s)
}

// TestGitHubObeys: in a log that GitHub reads, the commands of the report are ones, and a
// text is none.
func TestGitHubObeys(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	render.Report(render.Cleaner{W: &b, Obeyed: true, Commands: true}, "github", found())
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "::error title=") && !strings.HasPrefix(line, "::warning title=") || strings.Contains(line, "##[") {
			t.Errorf("%q", line)
		}
	}
}

// TestGitLabReport reads the report as GitLab does: its parser wants these members, and
// fingerprints that are its own.
func TestGitLabReport(t *testing.T) {
	t.Parallel()
	c := found()
	var got []struct {
		Description, Fingerprint, Severity string
		CheckName                          string `json:"check_name"`
		Location                           struct {
			Path  string
			Lines struct{ Begin, End int }
		}
	}
	d := json.NewDecoder(strings.NewReader(report("gitlab", c)))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil || len(got) != len(c.Diagnostics) {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	seen := map[string]bool{}
	for i, x := range got {
		if x.Description == "" || x.CheckName == "" || x.Location.Lines.Begin < 1 || strings.HasPrefix(x.Location.Path, "./") || !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, x.Severity) {
			t.Errorf("entry %d: %+v", i, x)
		}
		if seen[x.Fingerprint] || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(x.Fingerprint) {
			t.Errorf("entry %d: fingerprint %q", i, x.Fingerprint)
		}
		seen[x.Fingerprint] = true
	}
	if empty := report("gitlab", render.Checked{}); empty != "[]\n" {
		t.Errorf("of nothing: %q", empty)
	}
}

// TestFingerprints: a finding keeps its own when its line moves, and when what is said
// of it is put otherwise.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	of := func(text string, message string, lines ...int) (out []string) {
		c := render.Checked{Sources: render.Sources{"a.yaml": []byte(text)}}
		for _, n := range lines {
			c.Diagnostics = append(c.Diagnostics, diag.Diagnostic{Severity: diag.Error, Code: "bad-value", Message: message, At: diag.Range{File: "a.yaml", Start: diag.Pos{Line: n, Col: 1}, End: diag.Pos{Line: n, Col: 2}}})
		}
		var got []struct{ Fingerprint string }
		if err := json.Unmarshal([]byte(report("gitlab", c)), &got); err != nil {
			t.Fatal(err)
		}
		for _, x := range got {
			out = append(out, x.Fingerprint)
		}
		return out
	}
	was := of("a: 1\nb: 2\na: 1\n", "this", 1, 2, 3)
	moved := of("c: 3\n\n  a: 1\nb: 2\na: 1\n", "that", 3, 4, 5)
	if diff := cmp.Diff(was, moved); diff != "" {
		t.Errorf("(-was +moved):\n%s", diff)
	}
	if was[0] == was[2] || was[0] == was[1] {
		t.Errorf("two are the same: %q", was)
	}
	if other := of("a: 2\n", "this", 1); other[0] == was[0] {
		t.Error("another line has the same")
	}
}

// TestJUnitReport: whatever stands in a text, the elements are those of the report.
func TestJUnitReport(t *testing.T) {
	t.Parallel()
	c := found()
	c.Files = append(c.Files, "fine.yaml")
	for _, strict := range []bool{false, true} {
		c.Strict = strict
		failures := map[bool]int{false: len(hostile()), true: 2 * len(hostile())}[strict]
		elements := map[string]int{}
		d := xml.NewDecoder(strings.NewReader(report("junit", c)))
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if start, is := token.(xml.StartElement); is {
				elements[start.Name.Local]++
			}
		}
		want := map[string]int{"testsuites": 1, "testsuite": len(hostile()) + 1, "testcase": 2*len(hostile()) + 1, "failure": failures}
		if n := 2*len(hostile()) - failures; n > 0 {
			want["system-out"] = n
		}
		if diff := cmp.Diff(want, elements); diff != "" {
			t.Errorf("strict %t (-want +got):\n%s", strict, diff)
		}
	}
}

// TestSARIFReport holds what its schema cannot: which place, which rule, whose text.
func TestSARIFReport(t *testing.T) {
	t.Parallel()
	c := found()
	c.About = func(code diag.Code) string { return "about " + string(code) + "\n\nmore of it" }
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID    string
						Short struct{ Text string } `json:"shortDescription"`
						Help  struct{ Text string }
					}
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID    string
				RuleIndex int
				Message   struct{ Text string }
				Locations []struct {
					Physical struct {
						Artifact struct{ URI, URIBaseID string } `json:"artifactLocation"`
						Region   *struct{ StartLine, StartColumn, EndLine, EndColumn int }
					} `json:"physicalLocation"`
				}
				Related []any `json:"relatedLocations"`
				Fixes   []struct {
					Changes []struct {
						Replacements []struct {
							Inserted struct{ Text string } `json:"insertedContent"`
						}
					} `json:"artifactChanges"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(report("sarif", c)), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if run.ColumnKind != "unicodeCodePoints" || len(run.Results) != len(c.Diagnostics) {
		t.Fatalf("%d results, columns are %s", len(run.Results), run.ColumnKind)
	}
	if rule := run.Tool.Driver.Rules[0]; rule.Short.Text != "about bad-value" || rule.Help.Text != "about bad-value\n\nmore of it" {
		t.Errorf("%+v", rule)
	}
	link := regexp.MustCompile(`(^|[^\\])\[[^\]]*[^\\]\]\(`)
	for i, r := range run.Results {
		d := c.Diagnostics[i]
		place := r.Locations[0].Physical
		u, err := url.Parse(place.Artifact.URI)
		if err != nil || u.Scheme != "" || u.Host != "" || u.Path != d.At.File || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q becomes %q: %v", d.At.File, place.Artifact.URI, err)
		}
		if r.RuleID != string(d.Code) || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule %s at %d", r.RuleID, r.RuleIndex)
		}
		if link.MatchString(r.Message.Text) || strings.Contains(strings.NewReplacer("{{", "", "}}", "").Replace(r.Message.Text), "{") {
			t.Errorf("%q means something", r.Message.Text)
		}
		if (place.Region != nil) != (d.At.Start.Line > 0) || len(r.Related) != len(d.Related) || len(r.Fixes) != len(d.Fix) {
			t.Errorf("result %d: %+v", i, r)
		}
		if len(d.Fix) == 1 && r.Fixes[0].Changes[0].Replacements[0].Inserted.Text != strings.ToValidUTF8(d.Fix[0].Text, "\ufffd\ufffd") {
			t.Errorf("the fix inserts %q, not %q", r.Fixes[0].Changes[0].Replacements[0].Inserted.Text, d.Fix[0].Text)
		}
	}
}

// TestPathsOfReports: CI services want paths from the root of the repository.
func TestPathsOfReports(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct{ path, uri string }{
		"./a.yaml":            {"a.yaml", "a.yaml"},
		"/repo/skills/a.yaml": {"skills/a.yaml", "skills/a.yaml"},
		"/elsewhere/a b.yaml": {"/elsewhere/a b.yaml", "file:///elsewhere/a%20b.yaml"},
		"a:b.yaml":            {"a:b.yaml", "./a:b.yaml"},
		"../a.yaml":           {"../a.yaml", "../a.yaml"},
	} {
		c := render.Checked{Dir: "/repo", Diagnostics: diag.List{{Severity: diag.Error, Code: "x", At: diag.Range{File: file}}}}
		if got := report("gitlab", c); !strings.Contains(got, fmt.Sprintf("%q: %q", "path", want.path)) {
			t.Errorf("%s: no path %s in %s", file, want.path, got)
		}
		if got := report("sarif", c); !strings.Contains(got, fmt.Sprintf("%q: %q", "uri", want.uri)) {
			t.Errorf("%s: no uri %s in %s", file, want.uri, got)
		}
	}
}
