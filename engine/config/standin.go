package config

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// StandInsName is the name of the file that describes the services of a team in the
// sandbox.
const StandInsName = "sandbox.yaml"

// StandIns are what a sandbox.yaml adds to the sandbox.
type StandIns struct {
	Services map[string]StandIn `json:"services"` // of kind http, by name
	Files    map[string]string  `json:"files"`    // of a service files, by path
	Config   map[string]any     `json:"config"`   // values for skills
}

// StandIn is a service of kind http: collections of objects by their path, and
// responses that do not change.
type StandIn struct {
	Collections map[string][]map[string]any `json:"collections"`
	Responses   []FixedResponse             `json:"responses"`
}

// FixedResponse is what a request has, whatever happened before. Its JSON is that of
// the sandbox's stand-in.
type FixedResponse struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   map[string]string `json:"query"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	JSON    any               `json:"json"`
	Text    string            `json:"text"`
}

var (
	standInName = types.Pattern(`^[a-z][a-z0-9_-]{0,62}$`)
	methods     = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
)

// ParseStandIns reads a sandbox.yaml. No service in it is named after one of the kinds:
// those are the sandbox's own.
func ParseStandIns(file string, text []byte, kinds []step.ServiceKind) (*StandIns, diag.List) {
	root, list := syntax.ParseData(file, text)
	r := &reader{cfg: &Config{places: map[string]diag.Range{}}, list: list}
	out := &StandIns{Services: map[string]StandIn{}, Files: map[string]string{}, Config: map[string]any{}}
	if root == nil {
		return out, r.list
	}
	r.each(root, "the file", standInKeys, func(key, value *syntax.Node) {
		switch key.Value {
		case "services":
			r.each(value, "services", nil, func(name, of *syntax.Node) {
				if !standInName().MatchString(name.Value) {
					r.list.Errorf("bad-name", name.Range, "the name of a service has lower-case letters, digits, - and _")
				}
				if slices.ContainsFunc(kinds, func(k step.ServiceKind) bool { return k.Name == name.Value && k.Name != "http" }) {
					r.list.Errorf("bad-name", name.Range, "the sandbox has a service %s of its own", name.Value).Hint = "give this one another name"
				}
				out.Services[name.Value] = r.standIn(of, "services."+name.Value)
			})
		case "files":
			r.each(value, "files", nil, func(name, of *syntax.Node) {
				if p := name.Value; strings.HasPrefix(p, "/") || slices.Contains(strings.Split(p, "/"), "..") {
					r.list.Errorf("bad-value", name.Range, "the path of a file begins at the root of its service, and stays below it")
				}
				out.Files[name.Value], _ = r.text(of, "files."+clip(name.Value))
			})
		case "config":
			out.Config = r.values(value, "config")
		}
	})
	r.list = root.Ignoring(r.list)
	r.list.Sort()
	return out, r.list
}

func (r *reader) standIn(n *syntax.Node, path string) StandIn {
	out := StandIn{Collections: map[string][]map[string]any{}}
	r.each(n, path, serviceParts, func(key, value *syntax.Node) {
		if key.Value == "responses" {
			for _, item := range r.items(value, path+".responses") {
				out.Responses = append(out.Responses, r.response(item, path+".responses"))
			}
			return
		}
		r.each(value, path+".collections", nil, func(at, of *syntax.Node) {
			if !strings.HasPrefix(at.Value, "/") || strings.HasSuffix(at.Value, "/") {
				r.list.Errorf("bad-value", at.Range, "a collection is named by its path").Hint = "such as /v1/incidents"
			}
			out.Collections[at.Value] = []map[string]any{}
			for _, item := range r.items(of, path+".collections") {
				if r.isMapping(item, "an item of a collection") {
					m, _ := item.Data().(map[string]any)
					out.Collections[at.Value] = append(out.Collections[at.Value], m)
				}
			}
		})
	})
	return out
}

func (r *reader) items(n *syntax.Node, path string) []*syntax.Node {
	if n.Kind != syntax.Sequence {
		r.list.Errorf("wrong-type", n.Range, "%s has to be a list, this is a %s", path, n.Kind).Hint = "write [] for an empty one"
	}
	return n.Items
}

func (r *reader) response(n *syntax.Node, path string) FixedResponse {
	var out FixedResponse
	r.each(n, path, responseKeys, func(key, value *syntax.Node) {
		switch key.Value {
		case "method":
			out.Method = r.choice(value, path+".method", methods...)
		case "path":
			out.Path, _ = r.text(value, path+".path")
		case "query":
			out.Query = r.shown(value, path+".query")
		case "headers":
			out.Headers = r.shown(value, path+".headers")
		case "status":
			if out.Status, _ = value.Data().(int); out.Status < 100 || out.Status > 599 {
				r.list.Errorf("bad-value", value.Range, "status is that of HTTP, from 100 to 599")
			}
		case "json":
			out.JSON = value.Data()
		case "text":
			out.Text, _ = r.text(value, path+".text")
		}
	})
	if !strings.HasPrefix(out.Path, "/") {
		r.list.Errorf("bad-value", n.Range, "a response needs a path").Hint = "such as path: /v1/health"
	}
	return out
}

// shown reads a mapping of scalars as texts.
func (r *reader) shown(n *syntax.Node, path string) map[string]string {
	out := map[string]string{}
	r.each(n, path, nil, func(key, value *syntax.Node) { out[key.Value] = types.Show(value.Data()) })
	return out
}
