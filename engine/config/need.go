package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Need is a service that a skill reaches, and the kind that it has to be of.
type Need struct {
	Service, Kind string
	At            diag.Range // where the skill says so; may be zero
}

// Unmet reports the services that are not configured or are of another kind,
// each once. Credentials are not looked at.
func (c *Config) Unmet(needs []Need) diag.List {
	var list diag.List
	seen := map[Need]bool{}
	for _, n := range needs {
		once := Need{Service: n.Service, Kind: n.Kind}
		if seen[once] {
			continue
		}
		seen[once] = true
		s, ok := c.Services[n.Service]
		switch secret, isSecret := strings.CutPrefix(n.Service, types.SitePrefix); {
		case !ok && isSecret:
			list.Errorf("no-secret", c.file(), "the secret %s is not configured", secret).Hint = c.secretHint(secret)
		case !ok:
			list.Errorf("no-service", c.file(), "the service %s is not configured", n.Service).Hint = c.addHint(n)
		case n.Kind != "" && s.Kind != n.Kind:
			list.Errorf("wrong-kind", s.PlaceOf("kind"), "the service %s is of %s, but kind %s is needed", n.Service, c.kindOf(s, "another kind"), n.Kind).Hint = c.kindHint(s, n)
		default:
			continue
		}
		if n.At.Start.Line > 0 {
			list[len(list)-1].Related = []diag.Note{{At: n.At, Message: n.Service + " is needed here"}}
		}
	}
	return list
}

// secretHint says how to configure a secret, in a form that can be pasted.
func (c *Config) secretHint(name string) string {
	add := fmt.Sprintf("add it under secrets: in %s, as in `%s: env:%s`", c.file().File, name, strings.ToUpper(name))
	var known []string
	for _, s := range c.ofKind(step.SecretKind) {
		known = append(known, strings.TrimPrefix(s, types.SitePrefix))
	}
	if near := diag.Nearest(name, known); near != "" {
		return "did you mean " + near + "? Or " + add
	}
	return add
}

// addHint says how to configure a service, in a form that can be pasted.
func (c *Config) addHint(n Need) string {
	add := fmt.Sprintf("add it under services: in %s, as in `%s: %s`", c.file().File, n.Service, c.example(n.Service, n.Kind))
	if near := diag.Nearest(n.Service, c.ofKind(n.Kind)); near != "" {
		return "did you mean " + near + "? Or " + add
	}
	return add
}

// kindHint says how a service gets a kind, and which services have it.
func (c *Config) kindHint(s Service, n Need) string {
	hint := fmt.Sprintf("add `kind: %s` to it", n.Kind)
	if _, said := s.places["kind"]; said {
		hint = fmt.Sprintf("write `kind: %s`", n.Kind)
	}
	if others := c.ofKind(n.Kind); len(others) > 0 {
		hint += ", or name one that is: " + strings.Join(others, ", ")
	}
	return hint
}

func (c *Config) ofKind(kind string) []string {
	return slices.DeleteFunc(types.SortedKeys(c.Services), func(name string) bool { return c.Services[name].Kind != kind })
}

// example is how a service of a name and a kind may be configured, for people to
// start from: a mapping in one line, which can be pasted.
func (c *Config) example(name, kind string) string {
	k, _ := c.kind(kind)
	out := cmp.Or(k.Example, fmt.Sprintf("url: https://%s.example.com, token: env:TOKEN", strings.ReplaceAll(name, "_", "-")))
	out = strings.ReplaceAll(out, "TOKEN", strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"_TOKEN")
	if name != kind {
		out = "kind: " + kind + ", " + out
	}
	return "{" + out + "}"
}

// kindOf is what kind the service is of, as a message may say it: what the file says
// is a value, and may be anything.
func (c *Config) kindOf(s Service, otherwise string) string {
	if _, known := c.kind(s.Kind); known || s.Kind == s.Name {
		return "kind " + s.Kind
	}
	return otherwise
}

// NoKind says that no step reaches a service of that kind: most likely its kind
// was not said.
func (c *Config) NoKind(s Service) diag.Diagnostic {
	var list diag.List
	list.Errorf("wrong-kind", s.PlaceOf("kind"), "no step reaches a service of %s", c.kindOf(s, "its kind")).
		Hint = "set kind: to one of " + strings.Join(c.kindsWith(""), ", ")
	return list[0]
}

// Missing looks before a run at the services it needs, and reports those that
// are not configured, are of another kind, or whose credential cannot be had.
// Each is told once.
func (c *Config) Missing(needs []Need) diag.List {
	list := c.Unmet(needs)
	seen := map[string]bool{}
	for _, n := range needs {
		s, ok := c.Services[n.Service]
		if !ok || seen[n.Service] {
			continue
		}
		seen[n.Service] = true
		if c.foreign[n.Service] {
			list.Errorf("untrusted-service", s.PlaceOf("url"), "%s is not reached: only the file in the working directory says where it is", n.Service).
				Hint = "check what the folder runs and reaches, and trust it: skillrun trust; or pass --config ./" + FileName
			continue
		}
		if _, _, err := c.credential(s); err != nil {
			report(&list, s.credentialPlace(), err)
		}
		if _, err := c.at(s.Refresh, s); err != nil {
			report(&list, s.PlaceOf("refresh_token"), err)
		}
		if _, err := c.Environment(n.Service); err != nil {
			report(&list, s.PlaceOf("secret_env"), err)
		}
		if _, err := c.User(n.Service); err != nil && strings.HasPrefix(s.User, "env:") {
			report(&list, s.PlaceOf("user"), err)
		}
	}
	return list
}
