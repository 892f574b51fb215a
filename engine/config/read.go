package config

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Parse reads the text of a configuration, of services of these kinds. Files it
// refers to are not looked at; [Load] does that.
func Parse(file string, text []byte, kinds []step.ServiceKind) (*Config, diag.List) {
	r := &reader{cfg: &Config{Path: file, kinds: kinds, Services: map[string]Service{}, Zone: time.Local, Policy: Policy{Settle: DefaultSettle}, places: map[string]diag.Range{}}}
	root, list := syntax.Parse(file, text)
	r.list = veiledKeys(list)
	if root == nil && len(list) == 1 && list[0].Code == "empty-file" {
		return r.cfg, nil // a file of nothing but comments configures nothing
	}
	if root != nil {
		r.top(root)
	}
	r.list = root.Ignoring(r.list)
	r.list.Sort()
	return r.cfg, r.list
}

// Check is what is wrong with the text of a configuration that nobody is about to use:
// what [Parse] says, and what its own policy does not allow.
func Check(file string, text []byte, kinds []step.ServiceKind) diag.List {
	cfg, list := Parse(file, text, kinds)
	cfg.barred(&list)
	list.Sort()
	return list
}

// Values reads a YAML file that is a mapping of names to values, such as the
// inputs of a run. The map is never nil.
func Values(file string, text []byte) (map[string]any, diag.List) {
	root, list := syntax.Parse(file, text)
	r := &reader{list: list}
	if root == nil || !r.isMapping(root, "the file") {
		return map[string]any{}, r.list
	}
	values, _ := root.Data().(map[string]any)
	return values, r.list
}

// Places returns where each name stands in a file that [Values] reads.
func Places(file string, text []byte) map[string]diag.Range {
	out := map[string]diag.Range{}
	root, _ := syntax.Parse(file, text)
	if root == nil {
		return out
	}
	for _, p := range root.Pairs {
		out[p.Key.Value] = p.Key.Range
	}
	return out
}

// reader collects everything that is wrong instead of stopping.
type reader struct {
	cfg  *Config
	list diag.List
}

func (r *reader) top(root *syntax.Node) {
	r.each(root, "the file", topKeys, func(key, value *syntax.Node) {
		switch key.Value {
		case "site":
			r.site(value)
		case "timezone":
			r.zone(value)
		case "services":
			r.services(value)
		case "secrets":
			r.secrets(value)
		case "config":
			r.cfg.Values = r.values(value, "config")
		case "skills":
			r.skills(value)
		case "policy":
			r.policy(value)
		}
	})
}

var sitePattern = types.Pattern(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

func (r *reader) site(n *syntax.Node) {
	s, ok := r.text(n, "site")
	if ok && (!sitePattern().MatchString(s) || len(s) > 64) {
		r.list.Errorf("bad-name", n.Range, "the site's name cannot name a folder").
			Hint = "use up to 64 letters, digits, dots, dashes and underscores"
	}
	r.cfg.Site = s
}

func (r *reader) zone(n *syntax.Node) {
	s, ok := r.text(n, "timezone")
	if !ok {
		return
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		r.list.Errorf("bad-zone", n.Range, "there is no time zone of that name").Hint = "use a name such as Europe/Dublin or UTC"
		return
	}
	r.cfg.Zone = zone
}

func (r *reader) policy(n *syntax.Node) {
	r.each(n, "policy", policyKeys, func(key, value *syntax.Node) {
		r.cfg.places["policy."+key.Value] = value.Range
		switch key.Value {
		case "settle":
			r.settle(value)
		case "confirm":
			r.cfg.Policy.Confirm = r.choice(value, "policy.confirm", "always", "never")
		case "exec":
			r.cfg.Policy.Exec = r.names(value, "policy.exec", programPattern, "[kubectl, /usr/bin/git]: names as they are found in PATH, or absolute paths")
		case "hosts":
			r.cfg.Policy.Hosts = r.names(value, "policy.hosts", hostPattern, "[gitlab.example.com, \"*.example.org\"]: hosts, each with or without a port")
		}
	})
}

func (r *reader) settle(n *syntax.Node) {
	s, ok := r.text(n, "policy.settle")
	if !ok {
		return
	}
	d, err := types.ParseDuration(s)
	if err != nil || d < 0 || d > maxSettle {
		r.list.Errorf("bad-duration", n.Range, "policy.settle is not a duration of at most %s", maxSettle).
			Hint = "write a duration such as 30s or 5m; without it, it is " + DefaultSettle.String()
		return
	}
	r.cfg.Policy.Settle = d
}

func (r *reader) skills(n *syntax.Node) {
	r.cfg.Skills = map[string]map[string]any{}
	r.each(n, "skills", nil, func(skill, of *syntax.Node) {
		path := "skills." + skill.Value
		r.each(of, path, skillKeys, func(_, value *syntax.Node) {
			r.cfg.Skills[skill.Value] = r.values(value, path+".config")
		})
	})
}

func (r *reader) values(n *syntax.Node, path string) map[string]any {
	values := map[string]any{}
	r.each(n, path, nil, func(key, value *syntax.Node) {
		values[key.Value] = value.Data()
		r.cfg.places[path+"."+key.Value] = value.Range
	})
	return values
}

// each calls f for the pairs of a mapping and reports keys that are not known;
// with no known keys any is. A key without any value is an empty mapping.
func (r *reader) each(n *syntax.Node, path string, known keys.Mapping, f func(key, value *syntax.Node)) {
	if n.IsNull() || !r.isMapping(n, path) {
		return
	}
	for _, p := range n.Pairs {
		if known == nil || known.Has(p.Key.Value) {
			f(p.Key, p.Value)
			continue
		}
		d := r.list.Errorf("unknown-key", p.Key.Range, "%s has no key %q", path, clip(p.Key.Value)).Suggest(p.Key.Value, known.Names())
		d.Hint = cmp.Or(d.Hint, "its keys are "+strings.Join(known.Names(), ", "))
	}
}

func (r *reader) isMapping(n *syntax.Node, path string) bool {
	if n.Kind == syntax.Mapping {
		return true
	}
	r.list.Errorf("wrong-type", n.Range, "%s has to be a mapping, this is a %s", path, n.Kind).
		Hint = "write `key: value` lines, or {key: value}"
	return false
}

func (r *reader) text(n *syntax.Node, path string) (string, bool) {
	switch {
	case n.Kind != syntax.Scalar:
		r.list.Errorf("wrong-type", n.Range, "%s has to be a string, this is a %s", path, n.Kind).
			Hint = "write `key: text`"
	case n.Tag == syntax.Null:
		r.list.Errorf("wrong-type", n.Range, "%s has no value", path).Hint = "give it one, or remove the key"
	case n.Tag != syntax.Str:
		r.list.Errorf("wrong-type", n.Range, "%s has to be a string, and without quotes this is none", path).Hint = "put it into quotes"
	default:
		return n.Value, true
	}
	return "", false
}

// choice returns one of the texts that are allowed, or "".
func (r *reader) choice(n *syntax.Node, path string, allowed ...string) string {
	s, ok := r.text(n, path)
	if !ok || slices.Contains(allowed, s) {
		return s
	}
	r.list.Errorf("bad-value", n.Range, "%s is not one of %s", path, strings.Join(allowed, ", ")).
		Suggest(s, allowed)
	return ""
}

func (r *reader) boolean(n *syntax.Node, path string) bool {
	if n.Kind != syntax.Scalar || n.Tag != syntax.Bool {
		d := r.list.Errorf("wrong-type", n.Range, "%s has to be true or false", path)
		if n.Kind == syntax.Scalar && (n.Value == "true" || n.Value == "false") { // in quotes
			d.Replace(n.Value)
		}
		d.Hint = "write true or false, without quotes"
		return false
	}
	return n.Data() == true
}

// clip is a key as it is shown. Nothing else of the file stands in a message: it may
// be a credential in the wrong place.
func clip(s string) string {
	if !isKey(s) {
		return "…"
	}
	return s
}

// veiledKeys takes what does not look like a key out of messages about the YAML.
func veiledKeys(list diag.List) diag.List {
	for i, d := range list {
		if rest, ok := strings.CutPrefix(d.Message, "the key "); ok && d.Code == "duplicate-key" && !isKey(strings.TrimSuffix(rest, " is here twice")) {
			list[i].Message = "a key is here twice"
		}
		if d.Code == "bad-key" && strings.HasPrefix(d.Hint, "put it into quotes") {
			list[i].Hint = "put it into quotes"
		}
	}
	return list
}

// names reads a list of names that fit a pattern. It is not nil, also when it is
// empty: then nothing is allowed.
func (r *reader) names(n *syntax.Node, path string, fits func() *regexp.Regexp, like string) []string {
	out := []string{}
	if n.Kind != syntax.Sequence {
		r.list.Errorf("wrong-type", n.Range, "%s has to be a list, this is a %s", path, n.Kind).Hint = "write " + like
		return out
	}
	for _, item := range n.Items {
		s, ok := r.text(item, "an item of "+path)
		if ok && !fits().MatchString(s) {
			r.list.Errorf("bad-value", item.Range, "%s cannot name %q", path, clip(s)).Hint = "write " + like
			continue
		}
		out = append(out, s)
	}
	return out
}
