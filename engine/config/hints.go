package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// HintsName is the name of the file beside a configuration that says what a team knows
// of failures.
const HintsName = "hints.yaml"

// Hint is a problem that is known, and what to do about it. It fits a failure when all
// that it names does: the code, the kind of service of the step, and the message.
type Hint struct {
	Code    types.Code `json:"code,omitempty"`
	Service string     `json:"service,omitempty"` // the kind, such as jira
	Pattern string     `json:"pattern,omitempty"` // RE2, found anywhere in the message
	Cause   string     `json:"cause"`
	Cure    string     `json:"cure"`

	pattern *regexp.Regexp
}

// longestMessage bounds what of a message patterns are looked for in.
const longestMessage = 64 << 10

// Fits reports whether a failure is of the problem.
func (h Hint) Fits(code types.Code, service, message string) bool {
	return (h.Code == "" || h.Code == code) && (h.Service == "" || h.Service == service) &&
		(h.pattern == nil || h.pattern.MatchString(message[:min(len(message), longestMessage)]))
}

// KnownProblems are the hints that fit a failure, in the order of the file.
func (c *Config) KnownProblems(code types.Code, service, message string) []Hint {
	var out []Hint
	for _, h := range c.Hints {
		if h.Fits(code, service, message) {
			out = append(out, h)
		}
	}
	return out
}

var hintsKeys = keys.Mapping{
	{Name: "hints", Doc: "What is known of failures, in the order in which it is told.", Value: keys.ListOf(keys.Of("hint"))},
}

var hintKeys = keys.Mapping{
	{Name: "code", Doc: "The error code of the failure.", Value: keys.Word(codeNames()...)},
	{Name: "service", Doc: "The kind of service of the step that failed, such as `jira`.", Value: keys.Literal()},
	{Name: "pattern", Doc: "What is in the message: RE2, found anywhere in it.", Value: keys.Literal()},
	{Name: "cause", Doc: "Why it fails.", Value: keys.Literal(), Required: true},
	{Name: "cure", Doc: "What to do about it.", Value: keys.Literal(), Required: true},
}

// HintKeys are all keys of a hints.yaml with what they mean: at the top, and in a hint.
func HintKeys() map[string]keys.Mapping {
	return map[string]keys.Mapping{"hints": hintsKeys, "hint": hintKeys}
}

func codeNames() []string {
	var names []string
	for _, c := range types.Codes() {
		names = append(names, string(c))
	}
	return names
}

// ParseHints reads a hints.yaml. One with mistakes has no hints.
func ParseHints(file string, text []byte) ([]Hint, diag.List) {
	root, list := syntax.Parse(file, text)
	r := &reader{cfg: &Config{places: map[string]diag.Range{}}, list: list}
	var out []Hint
	if root != nil {
		r.each(root, "the file", hintsKeys, func(_, value *syntax.Node) {
			for _, item := range r.items(value, "hints") {
				out = append(out, r.hint(item))
			}
		})
	}
	r.list.Sort()
	if r.list.HasErrors() {
		return nil, r.list
	}
	return out, r.list
}

func (r *reader) hint(n *syntax.Node) Hint {
	var h Hint
	narrow := false
	r.each(n, "a hint", hintKeys, func(key, value *syntax.Node) {
		narrow = narrow || slices.Contains([]string{"code", "service", "pattern"}, key.Value)
		switch key.Value {
		case "code":
			h.Code = types.Code(r.choice(value, "code", codeNames()...))
		case "service":
			h.Service, _ = r.text(value, "service")
		case "pattern":
			var err error
			h.Pattern, _ = r.text(value, "pattern")
			if h.pattern, err = regexp.Compile(h.Pattern); err != nil {
				r.list.Errorf("bad-pattern", value.Range, "pattern is no regular expression: %v", err).Hint = "the syntax is RE2: look-around and back references are not in it"
			}
		case "cause":
			h.Cause, _ = r.text(value, "cause")
		case "cure":
			h.Cure, _ = r.text(value, "cure")
		}
	})
	switch {
	case n.Kind != syntax.Mapping: // said already
	case !narrow:
		r.list.Errorf("bad-value", n.Range, "the hint would stand under every failure").Hint = "name a code, a service or a pattern"
	case h.Cause == "" || h.Cure == "":
		r.list.Errorf("bad-value", n.Range, "a hint needs a cause and a cure").Hint = "say why it fails, and what to do about it"
	}
	return h
}

// hints reads the file beside the configuration. What is wrong with it keeps no run from
// starting: its hints are left out, and whoever looks is told.
func (c *Config) hints() {
	if c.Path == "" {
		return
	}
	c.HintsPath = filepath.Join(filepath.Dir(c.Path), HintsName)
	text, err := c.world.readFile(c.HintsPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.HintsPath = ""
	case err != nil:
		c.HintsWrong.Errorf("unreadable", diag.Range{File: c.HintsPath}, "the file cannot be read: %v", cause(err)).Hint = "check its permissions"
	default:
		c.Hints, c.HintsWrong = ParseHints(c.HintsPath, text)
	}
}
