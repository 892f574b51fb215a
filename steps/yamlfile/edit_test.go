package yamlfile

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

const (
	oldSHA = "4f0b2c9d8e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"
	newSHA = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
)

// Set makes a change that needs no consent.
func Set(src []byte, jsonpath, value string, expect int) (Edit, error) {
	return Change{JSONPath: jsonpath, Value: value, Expect: expect}.Apply(src)
}

func saas(t *testing.T) []byte {
	t.Helper()
	src, err := os.ReadFile("testdata/saas.yml")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func refOf(namespace string) string {
	return "$.resourceTemplates[*].targets[?(@.namespace['$ref'] == '/services/insights/tower-analytics/namespaces/" + namespace + ".yml')].ref"
}

// TestSaasFile edits each target of a deployment file, in each of its forms on
// disk, and expects exactly one line to change.
func TestSaasFile(t *testing.T) {
	t.Parallel()
	lf := saas(t)
	forms := map[string][]byte{
		"LF":         lf,
		"CRLF":       bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")),
		"BOM":        append([]byte(bom), lf...),
		"no newline": bytes.TrimSuffix(lf, []byte("\n")),
		"more docs":  append(bytes.Clone(lf), "--- \nresourceTemplates: []\n...\n"...),
	}
	for _, c := range []struct{ namespace, before, after string }{
		{"stage-tower-analytics-stage", "    ref: main\n", "    ref: " + newSHA + "\n"},
		{"tower-analytics-prod", "ref:   " + oldSHA + "   # don't", "ref:   " + newSHA + "   # don't"},
		{"tower-analytics-prod-billing", `ref: "` + oldSHA + `"`, `ref: "` + newSHA + `"`},
		{"tower-analytics-prod-canary", `"ref": '` + oldSHA + `'`, `"ref": '` + newSHA + `'`},
	} {
		for form, src := range forms {
			if form == "CRLF" {
				c.before, c.after = strings.ReplaceAll(c.before, "\n", "\r\n"), strings.ReplaceAll(c.after, "\n", "\r\n")
			} else {
				c.before, c.after = strings.ReplaceAll(c.before, "\r\n", "\n"), strings.ReplaceAll(c.after, "\r\n", "\n")
			}
			e, err := Set(src, refOf(c.namespace), newSHA, 1)
			if err != nil {
				t.Errorf("%s %s: %v", form, c.namespace, err)
				continue
			}
			want := strings.Replace(string(src), c.before, c.after, 1)
			if diff := cmp.Diff(want, string(e.Out)); diff != "" || !e.Changed {
				t.Errorf("%s %s: %s", form, c.namespace, diff)
			}
			again, err := Set(e.Out, refOf(c.namespace), newSHA, 1)
			if err != nil || again.Changed || !bytes.Equal(again.Out, e.Out) || again.Old != newSHA {
				t.Errorf("%s %s: a second time changes the file: %v", form, c.namespace, err)
			}
		}
	}
}

func TestSetSeveral(t *testing.T) {
	t.Parallel()
	src := saas(t)
	const path = "$..targets[?(search(@.namespace['$ref'], 'analytics-prod'))].ref"
	e, err := Set(src, path, newSHA, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []Place{{1, 29, oldSHA}, {1, 36, oldSHA}, {1, 38, oldSHA}}
	if diff := cmp.Diff(want, e.Places); diff != "" {
		t.Error(diff)
	}
	if got := strings.ReplaceAll(string(e.Out), newSHA, oldSHA); got != string(src) {
		t.Error(cmp.Diff(string(src), got))
	}
}

// TestForms says how a scalar is written after an edit.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, src, path, value, want string }{
		{"plain", "a: b\n", "$.a", "c", "a: c\n"},
		{"single", "a: 'b'\n", "$.a", "it's", "a: 'it''s'\n"},
		{"double", `a: "b"`, "$.a", `say "hi"\`, `a: "say \"hi\"\\"`},
		{"escaped before", `a: "b\"\\" # c`, "$.a", "x", `a: "x" # c`},
		{"doubled before", `a: 'it''s' # 'c'`, "$.a", "x", `a: 'x' # 'c'`},
		{"digits", "ref: abc1234\n", "$.ref", "1234567", "ref: '1234567'\n"},
		{"digits before", "ref: 7654321\n", "$.ref", "1234567", "ref: '1234567'\n"},
		{"same digits", "ref: 7654321\n", "$.ref", "7654321", "ref: '7654321'\n"},
		{"forty digits", "ref: x", "$.ref", strings.Repeat("1", 40), "ref: '" + strings.Repeat("1", 40) + "'"},
		{"400 digits", "ref: x", "$.ref", strings.Repeat("1", 400), "ref: '" + strings.Repeat("1", 400) + "'"},
		{"float", "ref: x", "$.ref", "1234e56", "ref: '1234e56'"},
		{"0e", "ref: x", "$.ref", "0e12345", "ref: '0e12345'"},
		{"hex", "ref: x", "$.ref", "0x12345", "ref: '0x12345'"},
		{"octal", "ref: x", "$.ref", "0123456", "ref: '0123456'"},
		{"0o", "ref: x", "$.ref", "0o17", "ref: '0o17'"},
		{"binary", "ref: x", "$.ref", "0b11", "ref: '0b11'"},
		{"base 60", "ref: x", "$.ref", "12:30:45", "ref: '12:30:45'"},
		{"underscores", "ref: x", "$.ref", "1_000", "ref: '1_000'"},
		{"true", "ref: x", "$.ref", "true", "ref: 'true'"},
		{"Norway", "ref: x", "$.ref", "No", "ref: 'No'"},
		{"null", "ref: x", "$.ref", "null", "ref: 'null'"},
		{"tilde", "ref: x", "$.ref", "~", "ref: '~'"},
		{"nothing", "ref: x", "$.ref", "", "ref: ''"},
		{"date", "ref: x", "$.ref", "2025-01-15", "ref: '2025-01-15'"},
		{"time", "ref: x", "$.ref", "2025-01-15T10:00:00Z", "ref: '2025-01-15T10:00:00Z'"},
		{"infinity", "ref: x", "$.ref", "-.INF", "ref: '-.INF'"},
		{"merge", "ref: x", "$.ref", "<<", "ref: '<<'"},
		{"equals", "ref: x", "$.ref", "=", "ref: '='"},
		{"version", "ref: x", "$.ref", "1.2.3", "ref: 1.2.3"},
		{"image", "ref: x", "$.ref", "quay.io/a/b:v1", "ref: quay.io/a/b:v1"},
		{"comment", "ref: x", "$.ref", "a #b", "ref: 'a #b'"},
		{"hash", "ref: x", "$.ref", "a#b", "ref: a#b"},
		{"colon", "ref: x", "$.ref", "a: b", "ref: 'a: b'"},
		{"end colon", "ref: x", "$.ref", "a:", "ref: 'a:'"},
		{"spaces", "ref: x", "$.ref", " a ", "ref: ' a '"},
		{"indicator", "ref: x", "$.ref", "*a", "ref: '*a'"},
		{"anchor", "ref: x", "$.ref", "&a b", "ref: '&a b'"},
		{"tag", "ref: x", "$.ref", "!a b", "ref: '!a b'"},
		{"dash", "ref: x", "$.ref", "- a", "ref: '- a'"},
		{"document", "- x", "$[0]", "---", "- '---'"},
		{"flow text", "ref: x", "$.ref", "a, b", "ref: 'a, b'"},
		{"braces", "ref: x", "$.ref", "{a}", "ref: '{a}'"},
		{"template", "ref: x", "$.ref", "${a}", "ref: '${a}'"},
		{"words", "ref: x", "$.ref", "a b c", "ref: a b c"},
		{"umlaut", "ref: x", "$.ref", "früh 日本", "ref: früh 日本"},
		{"line break", "ref: x", "$.ref", "a\nb: c", `ref: "a\nb: c"`},
		{"CR", "ref: 'x'", "$.ref", "a\rb", `ref: "a\rb"`},
		{"tab", "ref: x", "$.ref", "a\tb", `ref: "a\tb"`},
		{"odd characters", "ref: x", "$.ref", "\x00\u0085\u2028\ufeff\U000e0001", `ref: "\u0000\u0085\u2028\uFEFF\U000E0001"`},
		{"flow", "{ref: abc, b: c}", "$.ref", "def", "{ref: def, b: c}"},
		{"flow comma", "{ref: abc, b: c}", "$.ref", "d,e", "{ref: 'd,e', b: c}"},
		{"flow list", "[a, b,c]", "$[1]", "x", "[a, x,c]"},
		{"json", `{"ref":"abc","b":1}`, "$.ref", "def", `{"ref":"def","b":1}`},
		{"quoted key", `"r\x65f": abc`, "$.ref", "def", `"r\x65f": def`},
		{"tabs", "a:\tb\t# c\n", "$.a", "x", "a:\tx\t# c\n"},
		{"before the column", "{ä: 'ö日', 😀: \"é\", ref: abc}", "$.ref", "def", "{ä: 'ö日', 😀: \"é\", ref: def}"},
		{"str tag", "a: !!str 123", "$.a", "x", "a: !!str x"},
		{"long str tag", "a: !<tag:yaml.org,2002:str>  '1'", "$.a", "x", "a: !<tag:yaml.org,2002:str>  'x'"},
		{"NEL", "# a\u0085# b\nx: 1\na: b\n", "$.a", "c", "# a\u0085# b\nx: 1\na: c\n"},
		{"LS and PS", "x: 'p\u2028q\u2029r'\na: b\n", "$.a", "c", "x: 'p\u2028q\u2029r'\na: c\n"},
		{"LS in a comment", "x: y # p\u2028# q\na: b\n", "$.a", "c", "x: y # p\u2028# q\na: c\n"},
		{"lone CR", "x: y\ra: b\r", "$.a", "c", "x: y\ra: c\r"},
		{"second document", "a: b\n---\nc: d\n", "$.c", "e", "a: b\n---\nc: e\n"},
		{"root", "abc # d", "$", "x", "x # d"},
		{"same", "a: \"\\x62\"", "$.a", "b", "a: \"\\x62\""},
		{"beside an alias", "x: &x 1\ny: *x\na: b", "$.a", "c", "x: &x 1\ny: *x\na: c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := Set([]byte(c.src), c.path, c.value, 1)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(e.Out)); diff != "" {
				t.Error(diff)
			}
			if e.Changed != (c.src != c.want) {
				t.Errorf("changed: %v", e.Changed)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	const hand = " (" + byHand + ")"
	const rfc = " (RFC 9535, as in $.targets[?(@.name == 'prod')].ref; a name with other characters than letters, digits and _ is written ['my-name'])"
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for _, c := range []struct {
		name, src, path, value string
		code                   types.Code
		want                   string
	}{
		{"none", "a: b", "$.c", "x", types.NotFound, "jsonpath $.c matches nothing; 1 match expected"},
		{"empty file", "", "$.c", "x", types.NotFound, "jsonpath $.c matches nothing; 1 match expected"},
		{"two", "- a\n- b", "$[*]", "x", types.Conflict, "jsonpath $[*] matches 2 values (lines 1, 2); 1 match expected (make the path more precise, or set expect: 2 to match all of them)"},
		{"many", "[a,\nb,\nc,\nd,\ne,\nf]", "$[*]", "x", types.Conflict, "jsonpath $[*] matches 6 values (lines 1, 2, 3, 4, 5 and more); 1 match expected (make the path more precise, or set expect: 6 to match all of them)"},
		{"one line", "[a, b]", "$[*]", "x", types.Conflict, "jsonpath $[*] matches 2 values (line 1); 1 match expected (make the path more precise, or set expect: 2 to match all of them)"},
		{"documents", "a: b\n---\na: c", "$.a", "x", types.Conflict, "jsonpath $.a matches 2 values (lines 1, 3); 1 match expected (make the path more precise, or set expect: 2 to match all of them)"},
		{"alias", "x: &x b\na: *x", "$.a", "c", types.Conflict, "line 1: the value comes through an alias; changing it there would change other places too (" + byConsent + ")"},
		{"through an alias", "x: &x {r: b}\na: *x", "$.a.r", "c", types.Conflict, "line 1: the value comes through an alias; changing it there would change other places too (" + byConsent + ")"},
		{"anchored", "x: &x b\na: *x", "$.x", "c", types.Conflict, "line 1: the value has the anchor &x, to which line 2 refers; changing it would change that place too (" + byConsent + ")"},
		{"merge", "x: &x {ref: b}\na:\n  <<: *x", "$.a.ref", "c", types.Conflict, "line 1: the value comes through a merge key (<<); changing it there would change other places too (" + byConsent + ")"},
		{"literal", "a: |\n  b\n", "$.a", "c", types.Conflict, "line 1: the value is a block of text (| or >)" + hand},
		{"folded", "a: >-\n  b\n", "$.a", "c", types.Conflict, "line 1: the value is a block of text (| or >)" + hand},
		{"plain lines", "a: b\n  c\n", "$.a", "c", types.Conflict, "line 1: the value is not on one line" + hand},
		{"single lines", "a: 'b\n  c'\n", "$.a", "c", types.Conflict, "line 1: the value is not on one line" + hand},
		{"double lines", "a: \"b\\\n  c\"\n", "$.a", "c", types.Conflict, "line 1: the value is not on one line" + hand},
		{"bare tag", "a: ! b", "$.a", "c", types.Conflict, "line 1: the value is not on one line" + hand},
		{"tag on its own line", "a: !!str\n  b", "$.a", "c", types.Conflict, "line 1: the value is not on one line" + hand},
		{"list", "a: [b]", "$.a", "c", types.Conflict, "line 1: the value is a list, not a text" + hand},
		{"object", "a: {b: c}", "$.a", "c", types.Conflict, "line 1: the value is an object, not a text" + hand},
		{"tagged", "a: !vault b", "$.a", "c", types.Conflict, "line 1: the value has the tag !vault" + hand},
		{"empty, of a key on its own", "? a\n", "$.a", "c", types.Conflict, "line 2: the value is not on one line" + hand},
		{"duplicate", "a: b\na: c", "$.a", "c", types.BadInput, `line 2: the key "a" is there twice, first on line 1`},
		{"self", "a: &a [b, *a]", "$.x", "c", types.BadInput, "line 1: *a is inside its own anchor"},
		{"bad merge", "a: {<<: b}", "$.x", "c", types.BadInput, "line 1: << merges something that is not a mapping"},
		{"bomb", bomb(), "$.x", "c", types.BadInput, "the YAML holds more than 200000 values (aliases count as often as they are used)"},
		{"items", "[" + strings.Repeat("a,", 200_001) + "a]", "$.x", "c", types.BadInput, "the YAML has 200001 lines and list items, more than 200000"},
		{"lines", strings.Repeat("a:\n", 200_001), "$.x", "c", types.BadInput, "the YAML has 200001 lines and list items, more than 200000"},
		{"deep", deep, "$.x", "c", types.BadInput, "line 1: the YAML is nested more than 100 deep"},
		{"big", strings.Repeat("a", maxFile+1), "$.x", "c", types.BadInput, "the YAML has 4194305 bytes, more than 4194304"},
		{"latin1", "a: \xe9", "$.a", "c", types.BadInput, "the YAML is not UTF-8 text"},
		{"UTF-16", "\xff\xfea\x00", "$.a", "c", types.BadInput, "the YAML is not UTF-8 text"},
		{"no YAML", "a: [b", "$.a", "c", types.BadInput, "not YAML: line 1: did not find expected ',' or ']'"},
		{"unknown anchor", "a: *b", "$.a", "c", types.BadInput, "not YAML: unknown anchor 'b' referenced"},
		{"value", "a: b", "$.a", "\xff", types.BadInput, "the value is not UTF-8 text"},
		{"long value", "a: b", "$.a", strings.Repeat("x", maxValue+1), types.BadInput, "the value has 65537 bytes, more than 65536"},
		{"no path", "a: b", "", "c", types.BadInput, "jsonpath  is not valid: empty JSONPath expression" + rfc},
		{"no root", "a: b", "a.b", "c", types.BadInput, "jsonpath a.b is not valid at column 1: expected '$'" + rfc},
		{"open bracket", "a: b", "$.a[", "c", types.BadInput, "jsonpath $.a[ is not valid at column 5: unexpected token" + rfc},
		{"dash name", "a: b", "$.my-name", "c", types.BadInput, "jsonpath $.my-name is not valid at column 5: unexpected token" + rfc},
		{"percent", "a: b", "$.a%d", "c", types.BadInput, "jsonpath $.a%d is not valid at column 4: unexpected token" + rfc},
		{"bad filter", "a: b", "$[?(@.a ==)]", "c", types.BadInput, "jsonpath $[?(@.a ==)] is not valid at column 9: expected ')'" + rfc},
		{"no test", "a: b", "$[?(1)]", "c", types.BadInput, "jsonpath $[?(1)] is not valid at column 5: expected a comparison or a test" + rfc},
		{"no function", "a: b", "$[?(size(@.a) > 1)]", "c", types.BadInput, "jsonpath $[?(size(@.a) > 1)] is not valid at column 5: there is no function size" + rfc},
		{"open filter", "a: b", "$[?@.a", "c", types.BadInput, "jsonpath $[?@.a is not valid at column 7: unexpected token" + rfc},
		{"long path", "a: b", "$." + strings.Repeat("a", maxPath), "c", types.BadInput, "jsonpath $." + strings.Repeat("a", 38) + "… is not valid: it has 1002 bytes, more than 1000" + rfc},
		{"three descents", "a: b", "$..a..b..c", "c", types.BadInput, "jsonpath $..a..b..c is not valid at column 8: at most two .. are allowed, and none inside a filter" + rfc},
		{"descent in a filter", "a: b", "$[?(@..a)]", "c", types.BadInput, "jsonpath $[?(@..a)] is not valid at column 6: at most two .. are allowed, and none inside a filter" + rfc},
		{"root in a filter", "a: b", "$[?(@.a == $.b)]", "c", types.BadInput, "jsonpath $[?(@.a == $.b)] is not valid at column 12: $ is not allowed inside a filter; @ is the value that is tested" + rfc},
		{"selectors", "a: b", "$" + strings.Repeat("[*,*]", 7), "c", types.BadInput, "jsonpath $" + strings.Repeat("[*,*]", 7) + " is not valid at column 36: its brackets select more than 64 times" + rfc},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := Set([]byte(c.src), c.path, c.value, 1)
			if err == nil {
				t.Fatalf("no error, and %q", e.Out)
			}
			if got := types.CodeOf(err); got != c.code {
				t.Errorf("code %s, want %s", got, c.code)
			}
			wantText(t, types.AsError(err), c.want)
			if e.Out != nil {
				t.Error("a refused edit gives bytes back")
			}
		})
	}
}

// TestSpliceProves: an edit that would not be what was meant is not given back.
func TestSpliceProves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"[", "the edited file would not be YAML any more: "},
		{"c\nd: e", "the edit would change more than the value: "},
	} {
		src := []byte("a: b\n")
		docs, err := parse(src)
		if err != nil {
			t.Fatal(err)
		}
		found, _, err := find("$.a", docs)
		if err != nil {
			t.Fatal(err)
		}
		e, err := splice(src, docs, []cut{{match: found[0], start: 3, end: 4, text: c.text, tag: "!!str"}}, "c")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "nothing was changed") || e.Out != nil {
			t.Errorf("%q: %v, %q", c.text, err, e.Out)
		}
	}
}

// bomb stands for ten to the ninth values.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 x\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return b.String()
}
