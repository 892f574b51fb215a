package stdlib

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

func encodingFunctions() []Function {
	anything := types.OfKind(types.Any)
	address := types.ObjectOf(types.Field{Name: "scheme", Type: text, Required: true}, types.Field{Name: "host", Type: text, Required: true},
		types.Field{Name: "port", Type: integer.Maybe()}, types.Field{Name: "path", Type: text, Required: true},
		types.Field{Name: "query", Type: types.MapOf(text), Required: true}, types.Field{Name: "fragment", Type: text, Required: true})
	return []Function{
		Function{Name: "from_json", Signature: "from_json(text: string) any", Doc: "The value of a JSON text; as() gives it a type. A number that does not fit, an integer beyond 64 bits or one like 1e400, is a string.",
			Example: `as(from_json("{\"id\": 9007199254740993}"), "{id: integer}").id`, Want: `9007199254740993`, Form: true, Run: runFromJSON}.plain(anything, text),
		Function{Name: "from_yaml", Signature: "from_yaml(text: string) any", Doc: "The value of a YAML text: one document, without anchors, aliases and tags; as() gives it a type. A number that does not fit, .inf and .nan are strings, as in yaml_get.",
			Example: `as(from_yaml("a:\n- 1\n- 2\n"), "{a: list<integer>}").a[1]`, Want: `2`, Form: true, Run: runFromYAML}.plain(anything, text),
		Function{Name: "yaml", Signature: "yaml(value: any) string", Doc: "The value as YAML, names sorted.",
			Example: `yaml({"b": ["x", 1], "a": "yes"})`, Want: `"a: \"yes\"\nb:\n  - x\n  - 1\n"`, Run: runYAML}.generic(1, 1, typeWhole),
		Function{Name: "base64_encode", Signature: "base64_encode(text: string) string", Doc: "The text in base64.",
			Example: `base64_encode("für")`, Want: `"ZsO8cg=="`, Run: runBase64Encode, Cost: 3}.plain(text, text),
		Function{Name: "base64_decode", Signature: "base64_decode(text: string) string", Doc: "The decoded base64, standard or URL-safe, with or without padding.",
			Example: `base64_decode("ZsO8cg")`, Want: `"für"`, Form: true, Run: runBase64Decode, Cost: 4}.plain(text, text),
		Function{Name: "url_encode", Signature: "url_encode(text: string) string", Doc: "The text percent-encoded as one part of a URL, except letters, digits and - . _ ~.",
			Example: `url_encode("group/a b")`, Want: `"group%2Fa%20b"`, Run: runURLEncode, Cost: 9}.plain(text, text),
		Function{Name: "url_decode", Signature: "url_decode(text: string) string", Doc: "The decoded part of a URL.",
			Example: `url_decode("group%2Fa%20b")`, Want: `"group/a b"`, Form: true, Run: runURLDecode, Cost: 1}.plain(text, text),
		Function{Name: "url_join", Signature: "url_join(base: string, segment: string, …) string", Doc: "The base with each segment appended and encoded as a whole: a / in one becomes %2F. A segment cannot be empty, . or ...",
			Example: `url_join("https://h/api/", "projects", "a/b")`, Want: `"https://h/api/projects/a%2Fb"`, Run: runURLJoin, Cost: 9}.plain(text, text, text).unbounded(),
		Function{Name: "url_query", Signature: "url_query(map) string", Doc: "The members of a map or an object as the query of a URL, in order of their names; texts, numbers and booleans.",
			Example: `url_query({"state": "open", "q": "a b"})`, Want: `"q=a%20b&state=open"`, Run: runURLQuery, Cost: 9}.generic(1, 1, typeURLQuery),
		Function{Name: "url_parse", Signature: "url_parse(text: string) {scheme, host, port, path, query, fragment}", Doc: "The parts of a URL, decoded: texts, but port is an optional integer and query a map of texts.",
			Example: `url_parse("https://h:8443/a%20b?x=1").path`, Want: `"/a b"`, Form: true, Run: runURLParse}.plain(address, text),
	}
}

func runBase64Encode(_ *Caller, args []any) (any, error) {
	return base64.StdEncoding.EncodeToString([]byte(args[0].(string))), nil
}

func runBase64Decode(_ *Caller, args []any) (any, error) {
	s := args[0].(string)
	plain := strings.TrimRight(strings.TrimSpace(s), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(plain, "-_") {
		encoding = base64.RawURLEncoding
	}
	out, err := encoding.DecodeString(plain)
	switch {
	case err != nil:
		return nil, badArgument("%q is not base64", types.Clip(s))
	case !utf8.Valid(out):
		return nil, badArgument("base64_decode gives strings, but this is not UTF-8")
	}
	return string(out), nil
}

// percent writes a part of a URL, also that of a query: in both, %20 is a space.
func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func runURLEncode(_ *Caller, args []any) (any, error) { return percent(args[0].(string)), nil }

func runURLDecode(_ *Caller, args []any) (any, error) {
	s := args[0].(string)
	out, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(out) {
		return nil, badArgument("%q is not part of a URL", types.Clip(s))
	}
	return out, nil
}

func runURLJoin(by *Caller, args []any) (any, error) {
	w := fuel.NewText(by.Tank)
	w.Add(strings.TrimRight(args[0].(string), "/"))
	for _, a := range args[1:] {
		s := a.(string)
		if s == "" || s == "." || s == ".." {
			return nil, badArgument("%q cannot be a segment of a URL", s)
		}
		w.Add("/", percent(s))
	}
	return w.Done()
}

func typeURLQuery(a Args) types.Type {
	t := members(a, 0)
	if t.Kind != types.Integer && t.Kind != types.Number && t.Kind != types.Boolean && t.Kind != types.Any {
		a.Kind(0, t, types.String)
	}
	return text
}

func runURLQuery(by *Caller, args []any) (any, error) {
	m, _ := args[0].(map[string]any)
	w := fuel.NewText(by.Tank)
	sign := ""
	for _, k := range sortedNames(m) {
		switch m[k].(type) {
		case nil:
			continue
		case []any, map[string]any:
			return nil, badArgument("%s of a query is a list or an object; join() makes one text", k)
		}
		v, err := by.Spell(m[k])
		if err != nil {
			return nil, err
		}
		w.Add(sign, percent(k), "=", percent(v))
		sign = "&"
	}
	return w.Done()
}

func runURLParse(by *Caller, args []any) (any, error) {
	s := args[0].(string)
	names := strings.Count(s, "&") + 1
	if err := by.Spend(4*len(s) + 4*fuel.Object(names)); err != nil {
		return nil, err
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return nil, badArgument("%q is not a valid URL such as https://host/path", types.Clip(s))
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, badArgument("%q has an invalid query", types.Clip(s))
	}
	query := make(map[string]any, len(values))
	for k, v := range values {
		query[k] = v[0]
	}
	out := map[string]any{"scheme": u.Scheme, "host": u.Hostname(), "path": u.Path, "query": query, "fragment": u.Fragment}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		out["port"] = port
	}
	return out, nil
}
