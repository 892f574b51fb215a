package expr

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// What people write who come from GitHub Actions, Jinja, Ansible or Terraform.
const (
	noNull        = "what is absent is nil: x == nil, has(x) or x ?? y"
	noEnvironment = "the environment is not read: declare an input, or a value under config, and hand it in"
	noCredentials = "a service has its credential in skillrun.yaml; one that the skill needs itself is declared under secrets, and read as secrets.NAME"
	noContext     = "what comes from outside is declared under inputs or config: inputs.x, config.x"
	resultOfAStep = "the result of a step is steps.ID.NAME"
)

// byName is the hints by the names that they are for.
func byName(hints map[string]string) map[string]string {
	out := map[string]string{}
	for hint, names := range hints {
		for name := range strings.FieldsSeq(names) {
			out[name] = hint
		}
	}
	return out
}

// elsewhereNames holds what stands here in place of names of other languages.
func elsewhereNames() map[string]string {
	return byName(map[string]string{
		noNull:        "null None none NULL Null undefined Nil",
		noEnvironment: "env ENV environ environment",
		noCredentials: "secrets secret vault",
		noContext:     "github gitlab runner job jobs vars var local locals data module values facts ansible_facts hostvars groups params parameters",
		resultOfAStep: "needs outputs output register",
		"a loop is for_each, in which item is the item":          "matrix strategy each item loop",
		"write true or false":                                    "True False TRUE FALSE yes no on off",
		"now() is when the run started, and today() is its date": "now today",
	})
}

// elsewhereSyntax says what to write in place of the syntax of other languages.
func elsewhereSyntax(src string) string {
	plain := withoutQuotes(src)
	for _, x := range []struct{ pattern, hint string }{
		{`\|\s*[A-Za-z_]+\s*(\||$)`, "a function after | has parentheses: x | upper(), or upper(x)"},
		{`\bis\s+(not\s+)?(defined|undefined)\b`, "write has(x), or x == nil"},
		{`\bis\s+(not\s+)?(none|None|null)\b`, "write x == nil"},
		{`\bis\s+(not\s+)?`, "write == or !="},
		{`\bif\b.*\belse\b`, "write c ? a : b"},
		{`\bcontains\s*\(`, `write text contains "x", or "x" in list`},
		{`\b(startsWith|endsWith|matches)\s*\(`, `it stands between two texts: x startsWith "y"`},
		{`<>`, "write !="},
		{`~`, "texts are put together with +, or in a text with ${{ }}"},
	} {
		if regexp.MustCompile(x.pattern).MatchString(plain) {
			return x.hint
		}
	}
	return ""
}

func withoutQuotes(src string) string {
	var out strings.Builder
	for i := 0; i < len(src); {
		if strings.ContainsRune("\"'`", rune(src[i])) {
			i += max(1, quoted(src[i:]))
			continue
		}
		out.WriteByte(src[i])
		i++
	}
	return out.String()
}

// elsewhere holds what functions of other languages are called here.
func elsewhere() map[string]string {
	return byName(map[string]string{
		"it is called json":                                     "toJSON to_json tojson toJson json_encode",
		"it is called from_json":                                "fromJSON fromJson parse_json json_decode json_parse",
		"it is called from_yaml":                                "fromYAML fromYaml parse_yaml yaml_decode",
		"it is called yaml":                                     "toYAML to_yaml toYaml yaml_encode",
		"it is called unique":                                   "uniq distinct",
		"it is called unique_by":                                "uniqueBy uniq_by distinct_by",
		"it is called group_by":                                 "groupBy groupby",
		"it is called string":                                   "str text toString tostring",
		"it is called has":                                      "exists defined",
		"it is called len":                                      "length size",
		"it is called trim":                                     "strip",
		"it is called words":                                    "fields columns",
		"it is called lines":                                    "splitlines split_lines",
		"it is called slug":                                     "slugify kebab",
		"it is called entries":                                  "items toPairs to_entries",
		"it is called from_entries":                             "fromPairs dict",
		"it is called take":                                     "limit head",
		"it is called concat":                                   "append extend",
		"it is called regex_find":                               "regex search match extract",
		"it is called regex_find_all":                           "findall find_all regex_findall",
		"it is called regex_replace":                            "sub gsub",
		"it is called url_encode":                               "urlencode quote",
		"it is called base64_encode":                            "base64 b64encode toBase64",
		"it is called base64_decode":                            "b64decode fromBase64",
		"it is called path_base":                                "basename base",
		"it is called path_dir":                                 "dirname dir",
		"it is called parse_date":                               "strptime parse_time",
		"it is called format_date":                              "strftime format_time",
		"it is called next_name":                                "next_version get_next_version",
		"it is called pad_left":                                 "lpad rjust zfill",
		"it is called pad_right":                                "rpad ljust",
		"it is called contains_ignore_case":                     "icontains contains_fold",
		"write x ?? y":                                          "default coalesce",
		"write a text with ${{ }}":                              "format sprintf",
		"write x[0:3]":                                          "slice substring substr",
		"write list[2:]":                                        "drop skip",
		"write 0..n-1":                                          "range",
		"write x startsWith y":                                  "starts_with startswith startWith hasPrefix has_prefix",
		"write x endsWith y":                                    "ends_with endswith endWith hasSuffix has_suffix",
		"write x == \"true\"":                                   "bool boolean",
		"write c ? a : b":                                       "cond ternary iif",
		"filter(list, # != nil) leaves the absent ones out":     "compact",
		"today(), format_date() and parse_date() work on dates": "date datetime",
		"it is called reduce":                                   "fold foldl inject accumulate",
		"compute it in a step, such as exec_read of sha256sum":  "hashFiles filesha256 md5 sha256",
		"a group's rescue and always run after a failure":       "success failure always cancelled",
		"read it in a step, such as file_read":                  "file templatefile fileexists include",
		noEnvironment:                                           "env getenv lookup",
		noCredentials:                                           "vault secret",
	})
}

// Instead is what the hint of a wrong name puts in its place; "" where the hint has no one
// answer, or is about something else.
func (p Problem) Instead() string {
	if p.Code != CodeUnknownName && p.Code != CodeUnknownFunction {
		return ""
	}
	for before, kept := range map[string]string{"did you mean ": "", "it is called ": "", "write inputs.": "inputs.", "write steps.": "steps."} {
		if word, ok := strings.CutPrefix(p.Hint, before); ok {
			return kept + strings.TrimSuffix(word, "?")
		}
	}
	return ""
}

// nameHint says what to write in place of a name that means something elsewhere.
func nameHint(n *name, s Scope, compared bool) string {
	steps, _ := s.Vars.Field("steps")
	if _, is := steps.Type.Field(n.name); is {
		return "write steps." + n.name
	}
	if f, _ := s.Vars.Field("inputs"); slices.Contains(f.Type.Names(), n.name) {
		return "write inputs." + n.name
	}
	if hint, ok := elsewhereNames()[n.name]; ok {
		return hint
	}
	if compared {
		return "put a string in quotes: \"" + n.name + "\""
	}
	return ""
}

// fieldHint says what to write in place of a member that values elsewhere have.
func fieldHint(n *member, t types.Type) string {
	of := show(n.of)
	switch n.name {
	case "length", "size", "count", "len":
		if t.Kind != types.Object {
			return "write len(" + of + ")"
		}
	case "outputs", "output", "result", "stdout_lines":
		if strings.HasPrefix(of, "steps.") {
			return "the result of a step is " + of + ".NAME, with nothing between"
		}
	}
	if of == "secrets" {
		return cmp.Or(diag.DidYouMean(n.name, t.Names()), "declare it: secrets: {"+n.name+": {description: …}}; where it is stands under secrets in skillrun.yaml")
	}
	if t.Kind == types.Object {
		return diag.DidYouMean(n.name, t.Names())
	}
	return ""
}

func functionHint(name string) string {
	if hint, ok := elsewhere()[name]; ok {
		return hint
	}
	var names []string
	for _, f := range stdlib.Functions() {
		names = append(names, f.Name)
	}
	return diag.DidYouMean(name, names)
}
