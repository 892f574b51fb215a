package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// steering are characters that do something to a terminal, or to the order and the
// look of what stands on it.
const steering = "\x1b[2J\x1b]0;t\a\b\x7f\u009b31m\u0085\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" +
	"\u200b\u200c\u200d\u200e\u200f\u061c\u2028\u2029\u2060\u00ad\ufeff\u180e\u034f\u115f\u3164\u2800\ufe0f\ufff9\U0001d159\U000e0041z\u0335\u0335\u0335\u0335\u0335"

// raw are they, as no stream may have them.
var raw = regexp.MustCompile("[\\x00-\\x08\\x0b-\\x1f\\x7f\u0080-\u009f\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe0f\ufeff\ufff9\U0001d159\U000e0000-\U000e0fff]|\u0335{5}")

// forged is a text whose further lines are made to look like those of a run.
const forged = "harmless\ncreated  mr: create merge request https://evil.example.com/1\nto continue: skillrun evil\r\ndone     mr\vcreated  mr\u2028created  mr\u0085created  mr\n\ncreated  mr"

// ours matches a line that would be taken for one of ours.
var ours = regexp.MustCompile(`(?m)^(created  mr|to continue: skillrun evil|done     mr)`)

// outsiders lays a site out in which every text is hostile, and returns the names
// of its skills.
func outsiders(t *testing.T, b *bench, text string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	q := strconv.QuoteToASCII(text) // which YAML reads, but for what is beyond 16 bits
	q = regexp.MustCompile(`\\a|\\v`).ReplaceAllStringFunc(q, func(s string) string { return map[string]string{`\a`: `\x07`, `\v`: `\x0b`}[s] })
	files := map[string]string{
		"site.yaml":  "services: {http: {url: '" + server.URL + "'}}\n",
		"in.yaml":    "t: " + q + "\n",
		"say.yaml":   "name: say\ndescription: " + q + "\ninputs: {t: {type: string, required: true, description: " + q + "}}\nsteps:\n  - {id: a, name: " + q + ", uses: http_get, with: {path: good}}\n  - {id: l, uses: log, with: {message: \"${{ inputs.t }}\"}}\n  - {id: m, uses: log, with: {message: \"${{ steps.a.body }}\"}}\noutputs: {summary: \"${{ steps.a.body }}\", other: \"${{ inputs.t }}\", list: \"${{ [inputs.t] }}\"}\n",
		"fail.yaml":  "name: fail\ninputs: {t: {type: string, required: true}}\nsteps: [{id: f, fail: \"${{ inputs.t }}\"}]\n",
		"bad.yaml":   "name: bad\nsteps: [{id: f, uses: http_get, with: {path: bad}}]\n",
		"write.yaml": "name: write\ninputs: {t: {type: string, required: true}}\nsteps:\n  - {id: ok, approve: \"${{ inputs.t }}\", show: {x: \"${{ inputs.t }}\"}}\n  - {id: w, name: " + q + ", uses: http_request, with: {method: POST, path: good, body: \"${{ inputs.t }}\"}}\n",
		"odd.yaml":   "name: odd\nsteps: [{id: f, uses: " + text + "}]\n",
		"types.yaml": "name: types\ninputs: {t: {type: string, required: true, enum: [a, " + q + "]}}\nsteps: [{id: f, uses: lok, with: {message: " + q + "}}]\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	name := strings.NewReplacer("/", "_", "\x00", "").Replace(text)
	if err := os.MkdirAll(filepath.Join(b.dir, "skills"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{name[:min(len(name), 200)] + ".yaml", "skills/" + name[:min(len(name), 200)] + ".yaml"} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte("name: x\nstep: 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// everyVerb are command lines that show what is in an outsider's site; %s is the
// hostile text itself.
var everyVerb = []string{
	"run ./say.yaml --input-file in.yaml", "run ./fail.yaml --input-file in.yaml", "run ./bad.yaml", "run ./write.yaml --input-file in.yaml", "run ./odd.yaml", "run ./types.yaml",
	"run ./write.yaml --input-file in.yaml --yes", "run ./types.yaml --input t=%s", "run ./say.yaml --input t=%s", "run ./say.yaml --input %s=1", "run ./say.yaml --set %s=1", "run ./say.yaml --input-file %s",
	"run %s", "run ./%s", "run ./%s.yaml", "run ./say.yaml --%s", "%s", "run ./say.yaml --input t=@%s", "plan ./say.yaml --input-file in.yaml", "plan ./write.yaml --input-file in.yaml", "plan ./bad.yaml", "plan ./fail.yaml --input-file in.yaml",
	"plan ./write.yaml --input-file in.yaml --out plan.json", "apply plan.json", "apply %s", "check", "check ./odd.yaml", "check ./types.yaml", "check %s", "check ./%s.yaml", "list", "show ./say.yaml", "show ./types.yaml", "show %s",
	"steps %s", "runs", "runs %s", "runs RUN", "runs --state %s", "resume %s", "approve %s", "reject RUN --reason %s", "cancel RUN --reason %s", "verify", "verify %s", "audit", "audit %s", "doctor", "doctor ./say.yaml --input-file in.yaml", "doctor %s", "undo %s", "resolve %s x --not-done", "export %s --plain", "export last --to %s", "export last --plain --out %s/x", "import %s", "import in.yaml --identity %s", "import in.yaml",
	"__complete run ./", "__complete run ./say.yaml --input t=", "__complete show ", "__complete resume ", "help %s", "completion %s", "runs --config %s", "run ./say.yaml --output %s",
}

// inEveryVerb runs the command lines in each format.
func inEveryVerb(t *testing.T, text string, env map[string]string, formats []string, hold func(line, stream string)) {
	b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: env}
	outsiders(t, b, text)
	run := regexp.MustCompile(`\d{8}-\d{6}-[a-z0-9]{6}`)
	last := ""
	for _, format := range formats {
		for _, line := range everyVerb {
			args := strings.Fields(strings.ReplaceAll(line, "RUN", last))
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "%s", text)
			}
			if !strings.Contains(line, "--config") && !strings.HasPrefix(line, "__complete") && line != "%s" {
				args = append(args, "--config", "site.yaml")
			}
			if format != "text" && !strings.Contains(line, "--output") && !strings.HasPrefix(line, "__") {
				args = append(args, "--output", format)
			}
			r := b.run(args...)
			if id := run.FindString(r.log + r.out); id != "" {
				last = id
			}
			hold(format+": "+line, r.out)
			hold(format+": "+line, r.log)
		}
	}
}

// TestNothingSteersTheTerminal: wherever text comes from, and whatever shows it.
func TestNothingSteersTheTerminal(t *testing.T) {
	t.Parallel()
	shown := 0
	inEveryVerb(t, "x"+steering+"y", map[string]string{}, []string{"text", "json", "events"}, func(line, stream string) {
		if at := raw.FindStringIndex(stream); at != nil {
			t.Errorf("%s has %q: %q", line, stream[at[0]:at[1]], stream[max(0, at[0]-80):min(len(stream), at[1]+20)])
		}
		shown += strings.Count(stream, "\ufffd") + strings.Count(stream, `\u202e`)
	})
	if shown < 1000 {
		t.Errorf("only %d characters were made harmless: nothing was shown", shown)
	}
}

// TestNoForgedLine: no text from outside begins a line that looks like ours.
func TestNoForgedLine(t *testing.T) {
	t.Parallel()
	for _, text := range []string{forged, strings.TrimPrefix(forged, "harmless\n"), "created  mr: create merge request https://evil.example.com/1"} {
		shown := 0
		inEveryVerb(t, text, map[string]string{}, []string{"text"}, func(line, stream string) {
			if at := ours.FindStringIndex(stream); at != nil {
				t.Errorf("%s: %q", line, stream[max(0, at[0]-120):min(len(stream), at[1]+20)])
			}
			shown += strings.Count(stream, "evil.example.com")
		})
		if shown < 20 {
			t.Errorf("%q was shown %d times only", text, shown)
		}
	}
}

// obeyed matches what a CI service would take for a command.
var obeyed = regexp.MustCompile(`(?m)^[ \t\x{3000}]*::|##(\[|vso\[|teamcity\[)`)

// TestNothingIsObeyed: where a CI service reads the streams and takes some lines for
// commands, no text from outside is one.
func TestNothingIsObeyed(t *testing.T) {
	t.Parallel()
	const text = "harmless\n::add-mask::a\n  \u3000::error file=x::evil\nx ##[stop-commands]y\n##vso[task.complete result=Failed;]z"
	shown := 0
	inEveryVerb(t, text, map[string]string{"GITHUB_ACTIONS": "true"}, []string{"text", "json", "events"}, func(line, stream string) {
		if at := obeyed.FindStringIndex(stream); at != nil {
			t.Errorf("%s: %q", line, stream[max(0, at[0]-120):min(len(stream), at[1]+20)])
		}
		shown += strings.Count(stream, "add-mask")
	})
	if shown < 20 {
		t.Errorf("it was shown %d times only", shown)
	}
}
