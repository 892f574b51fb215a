package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
)

// instead is what the language has for what a program is often started for: by the
// program, or by it and its first argument, a step type or something else to write.
// One that names no step type of the catalogue says so itself.
var instead = map[string]struct{ step, hint string }{
	"curl":       {"http_get", "http_get, http_query and http_request check the answer, hide the credential and are planned"},
	"wget":       {"http_get", "http_get checks the answer and hides the credential"},
	"git clone":  {"git_checkout", "git_checkout takes the files that are needed, at a commit"},
	"git push":   {"git_push", "git_push is planned, found again and never sent twice"},
	"git commit": {"git_commit", "git_commit is found again when the run is resumed"},
	"git tag":    {"git_tag_create", "git_tag_create is planned and found again"},
	"git log":    {"git_log", "git_log gives the commits as a list"},
	"git diff":   {"git_diff", "git_diff gives the files as a list"},
	"git show":   {"git_show", "git_show gives who, when, why and the files"},
	"jq":         {"", "write an expression: from_json(text).key"},
	"yq":         {"yaml_set", "yaml_get reads values, and yaml_set changes one and leaves every other byte"},
	"glab mr":    {"gitlab_mr_create", "gitlab_mr_create, gitlab_mr_view and gitlab_mr_list are typed, planned and found again"},
	"sleep":      {"", "await repeats a read until what it waits for is so, and retry has a delay"},
	"skopeo":     {"quay_get_tag", "quay_get_tag looks up an image tag"},
	"crane":      {"quay_get_tag", "quay_get_tag looks up an image tag"},
}

// programsWithStep finds programs that are started for what the language does itself.
func programsWithStep(f *File, out *diag.List) {
	program.EachOwn(f.Steps, func(n *program.Node) {
		about := f.step(n)
		if n.Kind != program.Uses || about.Type.Touch.Object != "program" {
			return
		}
		at := about.Node.Get("with").Get("program")
		if at == nil || at.Kind != syntax.Scalar {
			return
		}
		name := path.Base(at.Value)
		found, ok := instead[name]
		if args := about.Node.Get("with").Get("args"); !ok && args != nil && len(args.Items) > 0 {
			found, ok = instead[name+" "+args.Items[0].Value]
		}
		if !ok || found.step != "" && !slices.Contains(f.Catalogue.Names(), found.step) {
			return
		}
		what := found.step
		if what == "" {
			what = "the language"
		}
		out.Warnf("program-with-step", at.Range, "%s does what %s is started for here", what, strings.TrimSpace(name)).Hint = found.hint
	})
}
