package refdocs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pasted are mistakes whose hint shows YAML. PASTE is the line where a person
// would put it, with the blanks before it; a # before it means that the line is
// taken out.
var pasted = []struct{ name, skill, config string }{
	{"a service of another name", "steps:\n  - {id: a, uses: http_get, with: {service: alertmanager-stage, path: /x}}\n", "services:\n  PASTE\n"},
	{"a service beside another", "steps:\n  - {id: a, uses: jira_get_issue, with: {service: jiras, issue: AAP-1}}\n", "services:\n  jira: {url: https://x.example.com}\n  PASTE\n"},
	{"files of a service", "steps:\n  - {id: a, uses: file_read, with: {service: reports, path: x}}\n", "services:\n  PASTE\n"},
	{"the service of a lock", "concurrency: {group: x, lock: {repo: https://x.example.com/l.git, service: locks}}\nsteps:\n  - {id: a, set: {b: 1}}\n", "services:\n  PASTE\n"},
	{"a service of a called skill", "steps:\n  - {id: a, uses: \"skill:called\"}\n", "services:\n  PASTE\n"},
	{"a service without its kind", "steps:\n  - {id: a, uses: http_get, with: {service: alerts, path: /x}}\n", "services:\n  alerts:\n    url: https://x.example.com\n    PASTE\n"},
	{"a service of the wrong kind", "steps:\n  - {id: a, uses: http_get, with: {service: alerts, path: /x}}\n", "services:\n  alerts:\n    url: https://x.example.com\n    kind: jira #PASTE\n"},
	{"a credential without a url", "steps:\n  - {id: a, uses: http_get, with: {path: /x}}\n", "services:\n  http:\n    token: env:HOME\n    PASTE\n"},
	{"files without a folder", "steps:\n  - {id: a, uses: file_read, with: {service: files, path: x}}\n", "services:\n  files:\n    PASTE\n"},
	{"a value", "config:\n  v: {type: string, required: true}\nsteps:\n  - {id: a, set: {b: \"${{ config.v }}\"}}\n", "config:\n  PASTE\n"},
	{"a value of few", "config:\n  v: {type: string, enum: [x, z], required: true}\nsteps:\n  - {id: a, set: {b: \"${{ config.v }}\"}}\n", "config:\n  PASTE\n"},
	{"a date", "config:\n  v: {type: string, format: date, required: true}\nsteps:\n  - {id: a, set: {b: \"${{ config.v }}\"}}\n", "config:\n  PASTE\n"},
	{"a number", "config:\n  v: {type: integer, minimum: 7, required: true}\nsteps:\n  - {id: a, set: {b: \"${{ config.v }}\"}}\n", "config:\n  PASTE\n"},
	{"a list", "config:\n  v: {type: array, items: {type: string}, required: true}\nsteps:\n  - {id: a, set: {b: \"${{ config.v }}\"}}\n", "config:\n  PASTE\n"},
	{"an object", "config:\n  v: {type: object, required: true, properties: {at: {type: boolean, required: true}}}\nsteps:\n  - {id: a, set: {b: \"${{ config.v.at }}\"}}\n", "config:\n  PASTE\n"},
	{"an id", "steps:\n  - PASTE\n    set: {b: 1}\n", ""},
	{"attempts", "steps:\n  - id: a\n    set: {b: 1}\n  - id: c\n    uses: http_get\n    with: {path: /x}\n    retry:\n      delay: 1s\n      PASTE\n", "services: {http: {url: https://x.example.com}}\n"},
	{"a retry", "steps:\n  - id: c\n    uses: http_get\n    with: {path: /x}\n    retry: 3 #PASTE\n", "services: {http: {url: https://x.example.com}}\n"},
	{"a lock without a repository", "concurrency: {group: x, lock: {}} #PASTE\nconfig: {lock_repo: {type: string}}\nsteps:\n  - {id: a, set: {b: 1}}\n", ""},
	{"an await without its end", "steps:\n  - id: w\n    await:\n      uses: gitlab_mr_view\n      with: {project: a/b, iid: 1}\n      every: 1s\n      timeout: 1m\n      PASTE\n", "services: {gitlab: {url: https://x.example.com}}\n"},
}

// yamlOf is the YAML that a hint shows: in backquotes, or behind words that say
// that it is to be written.
var yamlOf = regexp.MustCompile("`([^`]+: [^`]+)`|(?:add|such as|write|quote it|as in):? ([a-z_]+: .+)$")

// TestHintsCanBePasted: what a hint shows, put where it says, is right.
func TestHintsCanBePasted(t *testing.T) {
	t.Parallel()
	for _, x := range pasted {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			first := checkIn(s, strip(x.skill), strip(x.config))
			if s.code != 2 {
				t.Fatalf("it is no mistake:\n%s", first)
			}
			shown := yamlOf.FindAllStringSubmatch(strings.TrimSpace(lastHint(first)), -1)
			if len(shown) == 0 {
				t.Fatalf("no hint shows YAML:\n%s", first)
			}
			for _, m := range shown {
				yaml := m[1] + m[2]
				if again := checkIn(s, put(x.skill, yaml), put(x.config, yaml)); s.code != 0 {
					t.Errorf("pasted as it is shown, %s gives\n%s", yaml, again)
				}
			}
		})
	}
}

var (
	pasteLine = regexp.MustCompile(`(?m)^ *PASTE\n`)
	replaced  = regexp.MustCompile(`(?m)^( *(?:- )?)[^\n]* #PASTE$`)
)

func strip(text string) string {
	text = strings.ReplaceAll(text, "- PASTE\n   ", "-")
	return strings.ReplaceAll(pasteLine.ReplaceAllString(text, ""), " #PASTE", "")
}

func put(text, yaml string) string {
	text = replaced.ReplaceAllString(text, "${1}"+strings.ReplaceAll(yaml, "$", "$$"))
	return strings.ReplaceAll(text, "PASTE", yaml)
}

// lastHint is the first hint below a diagnostic.
func lastHint(out string) string {
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "  ") && !strings.Contains(line, " | ") && !strings.Contains(line, " is needed here") {
			return line
		}
	}
	return ""
}

// checkIn checks a skill with a configuration, in a folder of their own.
func checkIn(s *shell, skill, conf string) string {
	dir := s.t.TempDir()
	files := map[string]string{"x.yaml": "name: x\n" + skill, "c.yaml": "site: x\n" + conf,
		"called.yaml": "name: called\nsteps:\n  - {id: a, uses: http_get, with: {service: far, path: /x}}\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	_, both := s.run("check", filepath.Join(dir, "x.yaml"), "--config", filepath.Join(dir, "c.yaml"))
	return both
}
