package engine_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/skillrun/skillrun"

// rule says what the packages that match a pattern may import directly, in
// files that are not tests. Patterns are path.Match patterns relative to the
// module.
type rule struct {
	pkg   string
	ours  string   // patterns, separated by blanks
	third string   // prefixes of modules of others, separated by blanks; "*" is any
	never []string // packages of the standard library that are forbidden
}

// house is the table of the design's section 2. The first rule that matches
// counts. Arrows go down: what is not listed is forbidden.
var house = []rule{
	{pkg: "engine/diag"},
	// diagtest serves the tests of all that gives diagnostics.
	{pkg: "engine/diag/diagtest", ours: "engine/diag"},
	{pkg: "engine/types"},
	// yamltext is YAML 1.2 as nodes: for skills, for from_yaml and for the files
	// that steps edit, which have no other room in common.
	{pkg: "engine/yamltext", third: "gopkg.in/yaml.v3"},
	{pkg: "engine/expr", ours: "engine/diag engine/types engine/expr/stdlib engine/expr/fuel", third: "github.com/expr-lang/expr"},
	// stdlib is the functions, which know values and no expressions; some read YAML
	// that a skill got from somewhere, as nodes, like syntax.
	{pkg: "engine/expr/stdlib", ours: "engine/expr/fuel engine/types engine/yamltext", never: []string{"context", "os", "net", "net/http", "math/rand", "math/rand/v2", "log", "log/slog"}},
	// fuel bounds what an evaluation takes; whoever evaluates several hands one on.
	{pkg: "engine/expr/fuel", ours: "engine/types"},
	// mask hides credentials on every way out. Steps, the configuration that
	// names credentials and the surfaces pass it. It knows what characters have in
	// common that look alike.
	{pkg: "engine/mask", ours: "engine/types", third: "golang.org/x/text/unicode/norm"},
	// memtest serves the tests of all that writes files by the thousand.
	{pkg: "engine/memtest"},
	// masktest serves the tests of all that masks.
	{pkg: "engine/mask/masktest"},
	{pkg: "engine/step", ours: "engine/types engine/mask"},
	{pkg: "engine/lang/syntax", ours: "engine/diag engine/yamltext"},
	// format needs the tree and its places, and nothing that a skill means.
	{pkg: "engine/lang/format", ours: "engine/lang/syntax engine/diag"},
	// keys is what tables of keys are made of, for all that read YAML files.
	{pkg: "engine/lang/keys", ours: "engine/types"},
	{pkg: "engine/program", ours: "engine/types engine/diag"},
	// lint warns of what a checked file had better not say; the checker hands it the facts.
	{pkg: "engine/lang/lint", ours: "engine/lang/syntax engine/expr engine/step engine/types engine/diag engine/program"},
	{pkg: "engine/lang/check", ours: "engine/lang/keys engine/lang/syntax engine/lang/lint engine/expr engine/expr/fuel engine/step engine/types engine/diag engine/program"},
	// index keeps for editors what the checker saw; it decides nothing by itself.
	{pkg: "engine/lang/index", ours: "engine/lang/keys engine/lang/syntax engine/lang/check engine/expr engine/expr/stdlib engine/step engine/types engine/diag engine/program", never: []string{"context", "os", "net", "net/http", "log", "log/slog"}},
	{pkg: "engine/machine", ours: "engine/program engine/expr engine/expr/fuel engine/types engine/diag", never: []string{"os", "net", "net/http", "math/rand", "math/rand/v2", "sync", "log", "log/slog"}},
	{pkg: "engine/plan", ours: "engine/program engine/types"},
	// config reads what the families declare of their services; see step.ServiceKind.
	{pkg: "engine/config", ours: "engine/lang/keys engine/lang/syntax engine/step engine/types engine/diag engine/mask"},
	{pkg: "engine/runtime/journal", ours: "engine/machine engine/types", third: "golang.org/x/sys"},
	{pkg: "engine/runtime/journal/journaltest", ours: "engine/runtime/journal engine/machine engine/types", third: "github.com/google/go-cmp"},
	// protocol decides about a write for every runtime, and for a plan: it is pure.
	{pkg: "engine/runtime/protocol", ours: "engine/step engine/types", never: []string{"context", "os", "net", "net/http", "math/rand", "math/rand/v2", "sync", "log", "log/slog"}},
	// runtime is what the engine knows of whoever performs runs, and what the journal
	// of a run comes to: it performs nothing.
	{pkg: "engine/runtime", ours: "engine/machine engine/program engine/plan engine/runtime/journal engine/runtime/protocol engine/step engine/types", never: []string{"os", "net", "net/http", "math/rand", "math/rand/v2", "sync", "log", "log/slog"}},
	{pkg: "engine/runtime/*", ours: "engine/runtime engine/machine engine/program engine/plan engine/runtime/journal engine/runtime/protocol engine/step engine/expr engine/expr/fuel engine/types engine/diag"},
	// runtimetest checks any runtime against the promises, through the language.
	{pkg: "engine/runtimetest", ours: "engine/runtime engine/runtime/journal engine/lang/check engine/machine engine/program engine/step engine/types"},
	// skilltest performs a skill with the answers of a test: it is a short loop around
	// the machine, and reads files of tests with the eyes of the checker.
	{pkg: "engine/skilltest", ours: "engine/yamltext engine/lang/keys engine/lang/syntax engine/lang/check engine/machine engine/program engine/expr engine/step engine/types engine/diag", third: "github.com/rogpeppe/go-internal/diff", never: []string{"os", "net", "net/http", "math/rand", "math/rand/v2", "log", "log/slog"}},
	{pkg: "engine", ours: "engine/*"},
	// steps is the table of contents: it connects families to the services of
	// a configuration, so it sees both, and it makes the transports: proxies,
	// certificates and the errors that tell of them.
	{pkg: "steps", ours: "engine/config engine/step engine/types steps/*", third: "golang.org/x/net/http/httpproxy"},
	{pkg: "steps/*/*test", third: "github.com/go-git github.com/andygrunwald/go-jira github.com/xanzy/go-gitlab"},
	// rest is what all families that speak HTTP share; siblings may not import each
	// other, and no code of the engine needs it.
	{pkg: "steps/rest", ours: "engine/step engine/types"},
	// workspaces is the folder in which the steps of git and of others meet.
	{pkg: "steps/workspaces", ours: "engine/step engine/types"},
	{pkg: "steps/git", ours: "engine/step steps/rest steps/workspaces engine/types", third: "github.com/go-git golang.org/x/sys golang.org/x/crypto"},
	{pkg: "steps/jira", ours: "engine/step steps/rest engine/types", third: "github.com/andygrunwald/go-jira"},
	{pkg: "steps/gitlab", ours: "engine/step steps/rest engine/types", third: "github.com/xanzy/go-gitlab"},
	// a registry names the host that gives tokens; the public suffix list says
	// whether that is the same domain.
	{pkg: "steps/quay", ours: "engine/step steps/rest engine/types", third: "golang.org/x/net/publicsuffix"},
	{pkg: "steps/yamlfile", ours: "engine/step steps/workspaces engine/types engine/yamltext", third: "github.com/speakeasy-api/jsonpath"},
	// slack's API is small enough for the standard library: one method writes.
	{pkg: "steps/slack", ours: "engine/step steps/rest engine/types"},
	// httpapi speaks to any API with what rest and the standard library have, and gets
	// access tokens as OAuth 2 says.
	{pkg: "steps/httpapi", ours: "engine/step steps/rest engine/types", third: "golang.org/x/oauth2"},
	// mcp speaks to MCP servers with the protocol's own SDK, and starts those that are
	// programs of the configuration.
	{pkg: "steps/mcp", ours: "engine/step steps/rest engine/types", third: "github.com/modelcontextprotocol/go-sdk"},
	// files is the one family that reaches folders of this machine that are not
	// the run's own; the configuration opens them.
	{pkg: "steps/files", ours: "engine/step steps/workspaces engine/types"},
	// execute is the one family that starts programs because a skill says so.
	{pkg: "steps/execute", ours: "engine/step steps/workspaces engine/types", third: "golang.org/x/sys"},
	// state remembers values in files, under the kernel's lock and by rename;
	// logline only says something. Neither reaches for anything else.
	{pkg: "steps/state", ours: "engine/step engine/types"},
	{pkg: "steps/logline", ours: "engine/step engine/types"},
	{pkg: "skills"},
	// docs is the book, embedded; the program prints parts of it.
	{pkg: "docs"},
	// examples are embedded for the site.
	{pkg: "examples"},
	// the composition root hands in how journals reach the disk: the engine's; and the
	// stand-ins that a sandbox.yaml describes, in the words of the sandbox.
	{pkg: "cmd/skillrun", ours: "engine engine/config engine/step steps steps/httpapi/httpapitest skills docs examples cmd/skillrun/internal/*", third: "golang.org/x/term"},
	// the sandbox writes its folder through billy, as go-git does, so that one
	// disk of a test can stop all of it at each write.
	{pkg: "cmd/skillrun/internal/sandbox", ours: "steps/*/*test", third: "github.com/go-git/go-billy"},
	// render and the command line show what skilltest found; the engine knows no tests.
	// How a file would change is a diff of lines.
	{pkg: "cmd/skillrun/internal/render", ours: "engine engine/config engine/plan engine/diag engine/types engine/step engine/skilltest", third: "github.com/rogpeppe/go-internal/diff"},
	// schemas are made of the tables by which the engine reads files, and of the structs
	// that render prints: they see more of the engine than surfaces do, and print nothing.
	{pkg: "cmd/skillrun/internal/schemas", ours: "engine engine/config engine/skilltest engine/lang/check engine/lang/keys engine/step engine/types cmd/skillrun/internal/render"},
	{pkg: "cmd/skillrun/internal/refdocs", ours: "engine engine/config engine/plan engine/diag engine/types engine/step"},
	// live is the tree on a terminal. It has a room of its own because it is the
	// only one that needs a terminal library; render stays plain.
	{pkg: "cmd/skillrun/internal/live", ours: "engine engine/config engine/plan engine/diag engine/types engine/step cmd/skillrun/internal/render", third: "charm.land/bubbletea charm.land/lipgloss github.com/charmbracelet golang.org/x/term golang.org/x/sys"},
	// graph draws the flow of a skill: a model of its steps, and writers of it.
	{pkg: "cmd/skillrun/internal/graph", ours: "engine engine/types cmd/skillrun/internal/render"},
	// lineedit is a line that a person types, with the terminal's own library.
	{pkg: "cmd/skillrun/internal/lineedit", third: "golang.org/x/term"},
	// book writes the pages of skills, and the site; goldmark turns Markdown into HTML.
	{pkg: "cmd/skillrun/internal/book", ours: "engine engine/config engine/step engine/types engine/skilltest cmd/skillrun/internal/render cmd/skillrun/internal/graph cmd/skillrun/internal/refdocs", third: "github.com/yuin/goldmark"},
	// castsvg draws the picture of the README from a recording.
	{pkg: "cmd/skillrun/internal/live/castsvg", third: "charm.land/lipgloss github.com/charmbracelet"},
	// envelope encrypts what leaves this machine for another one. It has a room of
	// its own so that one package knows keys, and the command line only files.
	{pkg: "cmd/skillrun/internal/envelope", ours: "engine/types", third: "filippo.io/age"},
	// lsp puts what the index knows into the words of the Language Server Protocol, for
	// which there is one library.
	{pkg: "cmd/skillrun/internal/lsp", ours: "engine engine/diag engine/lang/index engine/types", third: "go.lsp.dev"},
	// pflag is the half of cobra that reads flags.
	{pkg: "cmd/skillrun/internal/*", ours: "docs engine engine/config engine/plan engine/diag engine/types engine/step engine/mask engine/skilltest cmd/skillrun/internal/render cmd/skillrun/internal/graph cmd/skillrun/internal/book cmd/skillrun/internal/refdocs cmd/skillrun/internal/schemas cmd/skillrun/internal/scaffold cmd/skillrun/internal/live cmd/skillrun/internal/lineedit cmd/skillrun/internal/lsp cmd/skillrun/internal/envelope", third: "github.com/spf13/cobra github.com/spf13/pflag"},
}

// TestImports checks every import of the module against the house.
func TestImports(t *testing.T) {
	root := ".."
	used := map[string]bool{}
	for dir, files := range packages(t, root) {
		r, ok := ruleFor(dir)
		if !ok {
			t.Errorf("package %s has no place in the house: add a room to the table, and say why", dir)
			continue
		}
		used[r.pkg] = true
		for _, file := range files {
			for _, imported := range importsOf(t, filepath.Join(root, dir, file)) {
				if why := forbidden(r, imported); why != "" {
					t.Errorf("%s/%s imports %s: %s", dir, file, imported, why)
				}
			}
		}
	}
	for _, r := range house {
		if !used[r.pkg] {
			t.Errorf("no package is in the room %s: drop it from the table", r.pkg)
		}
	}
}

// prescribed are the modules that the project has to use although one has ended and
// one is archived, and the one package that imports each.
var prescribed = map[string]string{
	"gopkg.in/yaml.v3":                "engine/yamltext",
	"github.com/expr-lang/expr":       "engine/expr",
	"github.com/go-git/go-git/v5":     "steps/git",
	"github.com/xanzy/go-gitlab":      "steps/gitlab",
	"github.com/andygrunwald/go-jira": "steps/jira",
}

// TestPrescribedModules holds that the successor of a module is one package away:
// no second one imports it, stand-ins of servers apart.
func TestPrescribedModules(t *testing.T) {
	t.Parallel()
	importers := map[string]map[string]bool{}
	for dir, files := range packages(t, "..") {
		if strings.HasSuffix(dir, "test") {
			continue
		}
		for _, file := range files {
			for _, imported := range importsOf(t, filepath.Join("..", dir, file)) {
				for name := range prescribed {
					if imported != name && !strings.HasPrefix(imported, name+"/") {
						continue
					}
					if importers[name] == nil {
						importers[name] = map[string]bool{}
					}
					importers[name][dir] = true
				}
			}
		}
	}
	for name, want := range prescribed {
		if got := importers[name]; len(got) != 1 || !got[want] {
			t.Errorf("%s is imported by %v, want %s alone", name, slices.Sorted(maps.Keys(got)), want)
		}
	}
}

func ruleFor(dir string) (rule, bool) {
	i := slices.IndexFunc(house, func(r rule) bool { return matches(r.pkg, dir) })
	if i < 0 {
		return rule{}, false
	}
	return house[i], true
}

// matches is path.Match in which a last "*" stands for any depth below engine.
func matches(pattern, dir string) bool {
	if pattern == "engine/*" {
		return strings.HasPrefix(dir, "engine/")
	}
	ok, _ := path.Match(pattern, dir)
	return ok
}

func forbidden(r rule, imported string) string {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	switch {
	case isOurs:
		for _, p := range strings.Fields(r.ours) {
			if matches(p, ours) {
				return ""
			}
		}
		return "the house has no arrow from " + r.pkg + " to " + ours
	case strings.Contains(strings.Split(imported, "/")[0], "."):
		for _, p := range strings.Fields(r.third) {
			if imported == p || strings.HasPrefix(imported, p+"/") {
				return ""
			}
		}
		return "this room may not use that module"
	case slices.Contains(r.never, imported):
		return "this room may not use that package of the standard library"
	}
	return ""
}

// packages returns the Go files that are not tests, by folder.
func packages(t *testing.T, root string) map[string][]string {
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() && name != root {
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
				return filepath.SkipDir // a module of its own
			}
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		out[filepath.ToSlash(rel)] = append(out[filepath.ToSlash(rel)], d.Name())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func importsOf(t *testing.T, file string) []string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	return out
}
