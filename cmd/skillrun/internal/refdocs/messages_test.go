package refdocs_test

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// message is an error that the steps' code can give, as its source says it.
type message struct {
	family string // the package's name
	file   string // with line, for failures
	code   string // "" when the code is computed
	format string
	cure   string // format of the hint, "" when there is none, or it is computed
	hinted bool
}

// messages reads the errors of the steps from their source: each call of
// types.Errorf with the hint that is chained to it.
func messages(t *testing.T) []message {
	t.Helper()
	var out []message
	for _, dir := range append(families(t), "engine/step") {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
		out = append(out, messagesOf(t, filepath.Base(dir), files)...)
	}
	if len(out) < 150 {
		t.Fatalf("only %d messages were found: does the pattern still find them?", len(out))
	}
	return out
}

// families are the folders of the steps, without the stand-ins.
func families(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(root, "steps", "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range dirs {
		rel, err := filepath.Rel(root, filepath.Dir(d))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return slices.Compact(out)
}

func messagesOf(t *testing.T, family string, files []string) []message {
	t.Helper()
	set := token.NewFileSet()
	consts := map[string]string{} // texts of the package, by name
	parsed := make([]*ast.File, len(files))
	for i, file := range files {
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed[i] = f
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
				for i, name := range v.Names {
					consts[name.Name] = literal(v.Values[i], nil)
				}
			}
			return true
		})
	}
	var out []message
	cures := map[*ast.CallExpr]*ast.CallExpr{} // Errorf -> the WithHint chained to it
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name(call) == "WithHint" {
				for inner := receiver(call); inner != nil; inner = receiver(inner) {
					cures[inner] = call
				}
			}
			if !isErrorf(call) {
				return true
			}
			m := message{family: family, file: set.Position(call.Pos()).String(), format: literal(call.Args[1], nil)}
			if s, ok := call.Args[0].(*ast.SelectorExpr); ok {
				m.code = s.Sel.Name
			}
			if cure := cures[call]; cure != nil {
				m.cure, m.hinted = literal(cure.Args[0], consts), true
				if m.cure == "%s" {
					m.cure = literal(cure.Args[1], consts)
				}
			}
			out = append(out, m)
			return true
		})
	}
	return out
}

func name(call *ast.CallExpr) string {
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

func receiver(call *ast.CallExpr) *ast.CallExpr {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	inner, _ := s.X.(*ast.CallExpr)
	return inner
}

func isErrorf(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Errorf" || len(call.Args) < 2 {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "types"
}

// literal is a constant text, also one that is put together with + or, among
// consts, has a name.
func literal(e ast.Expr, consts map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.Ident:
		return consts[e.Name]
	case *ast.BinaryExpr:
		return literal(e.X, consts) + literal(e.Y, consts)
	}
	return ""
}

var verbPattern = regexp.MustCompile(`%[+#]?[a-z]`)

// constant is the longest part of a message that is always the same.
func constant(format string) string {
	return slices.MaxFunc(verbPattern.Split(strings.ReplaceAll(format, "%%", "%"), -1), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}

// TestMessagesAreTested: each error message of the steps stands in a test, and
// each says what to do.
func TestMessagesAreTested(t *testing.T) {
	t.Parallel()
	corpus := map[string]string{}
	for _, m := range messages(t) {
		if _, ok := corpus[m.family]; !ok {
			corpus[m.family] = tests(t, m.family)
		}
		part := strings.Trim(constant(m.format), " :,;")
		if len(part) > 3 && !strings.Contains(corpus[m.family], part) {
			t.Errorf("%s: no test has the message %q", m.file, part)
		}
		if !m.hinted && m.code != "Internal" {
			t.Errorf("%s: %q does not say what to do: chain WithHint to it", m.file, m.format)
		}
	}
}

// tests are the texts of everything that tests a family: its own tests, and
// those of the whole program.
func tests(t *testing.T, family string) string {
	t.Helper()
	var out strings.Builder
	for _, dir := range []string{"steps/" + family, "engine/step", "cmd/skillrun", "examples"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			test := strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/testdata/") || strings.HasSuffix(file, ".yaml")
			if d.IsDir() || !test || strings.HasSuffix(file, "messages_test.go") {
				return nil
			}
			rel, err := filepath.Rel(root, file)
			if err != nil {
				return err
			}
			text := read(t, rel)
			out.WriteString(strings.NewReplacer(`\"`, `"`, "\\`", "`").Replace(text))
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return out.String()
}

// TestErrorsPage checks the page of error messages against the code.
func TestErrorsPage(t *testing.T) {
	hold(t, "docs/errors.md", errorsPage(messages(t)))
}

const errorsHead = `# Error messages

The error messages of the built-in steps, and what to do about each. A test keeps
this page up to date. … is a part that varies; the message of a service itself follows
unchanged at the end. The codes are those of the [language](language.md#error-codes).
For symptoms, and for messages of the checker, see
[troubleshooting](troubleshooting.md).
`

func errorsPage(all []message) string {
	var out strings.Builder
	out.WriteString(errorsHead)
	rows := map[string][]string{}
	for _, m := range all {
		if m.code == "Internal" || strings.TrimSpace(m.format) == "%s" {
			continue
		}
		rows[m.family] = append(rows[m.family], fmt.Sprintf("| %s | %s | %s |", shown(m.format), codeOf(m.code), shown(orElse(m.cure, "see its hint"))))
	}
	for _, f := range types.SortedKeys(rows) {
		title := map[string]string{"rest": "Every service that speaks HTTP", "step": "Services by name"}[f]
		fmt.Fprintf(&out, "\n## %s\n\n| message | code | what to do |\n|---|---|---|\n", orElse(title, f))
		slices.Sort(rows[f])
		for _, r := range slices.Compact(rows[f]) {
			fmt.Fprintln(&out, r)
		}
	}
	return out.String()
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// codeOf is the code behind a constant of package types.
func codeOf(constant string) string {
	codes := map[string]types.Code{
		"NotFound": types.NotFound, "Auth": types.Auth, "Forbidden": types.Forbidden, "Network": types.Network, "Timeout": types.Timeout,
		"RateLimited": types.RateLimited, "Unavailable": types.Unavailable, "Conflict": types.Conflict, "BadInput": types.BadInput,
		"Cancelled": types.Cancelled, "UnknownOutcome": types.UnknownOutcome,
	}
	if c, ok := codes[constant]; ok {
		return "`" + string(c) + "`"
	}
	return "varies"
}

// shown is a format as a reader meets it.
func shown(format string) string {
	s := verbPattern.ReplaceAllString(strings.ReplaceAll(format, "%%", "%"), "…")
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "`", "'").Replace(s)
}
