package execute_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// rules are of a program that says in its stderr what its one exit code means.
var rules = []map[string]any{
	{"exit_codes": []int{3}, "code": "not_found"},
	{"exit_codes": []int{0}, "stderr": "^warning: stale", "code": "unavailable"},
	{"stderr": `already (exists|there)`, "code": "conflict"},
	{"exit_codes": []int{1, 2}, "stderr": "denied", "code": "forbidden"},
}

// TestCodes: the first rule that applies gives the error its code, of a read and of a
// write; one without exit codes is about what is not expected only.
func TestCodes(t *testing.T) {
	w := newWorld(t)
	w.script("tool", `echo "$2" >&2; exit $1`)
	for _, c := range []struct {
		exit, stderr string
		want         types.Code
	}{
		{"3", "", types.NotFound},
		{"3", "already exists", types.NotFound},
		{"0", "already exists", ""},
		{"0", "warning: stale", types.Unavailable},
		{"0", "no warning: stale", ""},
		{"4", "it is already there", types.Conflict},
		{"2", "denied", types.Forbidden},
		{"5", "denied", execute.ExitCode},
		{"1", "", execute.ExitCode},
	} {
		for _, name := range []string{"exec_read", "exec"} {
			_, err := w.do(t.Context(), name, map[string]any{"program": "tool", "args": []string{c.exit, c.stderr}, "codes": rules})
			if types.CodeOf(err) != c.want {
				t.Errorf("%s: exit %s with %q: %v, want %s", name, c.exit, c.stderr, err, c.want)
			}
			if err != nil && types.AsError(err).Details["exit_code"] == nil {
				t.Errorf("%s: exit %s: the error does not say how it ended", name, c.exit)
			}
		}
	}
	killed := map[string]any{"program": "tool", "codes": []map[string]any{{"exit_codes": []int{255}, "code": "not_found"}, {"stderr": ".*", "code": "conflict"}}}
	w.script("tool", `kill -9 $$`)
	if _, err := w.do(t.Context(), "exec", killed); types.CodeOf(err) != types.UnknownOutcome {
		t.Errorf("one that was killed said nothing: %v", err)
	}
	w.script("tool", `exit 75`)
	if _, err := w.do(t.Context(), "exec", map[string]any{"program": "tool", "codes": []map[string]any{{"exit_codes": []int{75}, "code": "unknown_outcome"}}}); types.CodeOf(err) != types.UnknownOutcome {
		t.Errorf("one that does not know itself: %v", err)
	}
}

// TestFindCodes: a code not_found of the find says that the effect does not exist, and
// every other one that nobody can tell.
func TestFindCodes(t *testing.T) {
	w := newWorld(t)
	w.script("ask", `echo "$2" >&2; exit $1`)
	asked := func(exit, stderr string) map[string]any {
		return map[string]any{"program": "make-it", "find": map[string]any{"program": "ask", "args": []string{exit, stderr}, "codes": []map[string]any{
			{"exit_codes": []int{1}, "stderr": "NotFound", "code": "not_found"},
			{"stderr": "refused", "code": "network"},
		}}}
	}
	for _, c := range []struct {
		exit, stderr string
		want         step.FoundState
		code         types.Code
	}{
		{"0", "", step.StateExists, ""},
		{"1", "Error: NotFound", step.StateAbsent, ""},
		{"1", "connection refused", "", types.Network},
		{"1", "anything", "", execute.ExitCode}, // with rules, 1 alone is no proof
	} {
		got, err := w.find(asked(c.exit, c.stderr), false)
		if got.State != c.want || types.CodeOf(err) != c.code {
			t.Errorf("exit %s with %q: %+v, %v", c.exit, c.stderr, got, err)
		}
		if c.want != "" {
			continue
		}
		if got, err := w.find(asked(c.exit, c.stderr), true); err != nil || got.State != step.StateInconclusive {
			t.Errorf("after an unknown outcome: %+v, %v", got, err)
		}
	}
	gone := map[string]any{"program": "make-it", "find": map[string]any{"program": "nowhere", "codes": rules[:1]}}
	if got, err := w.find(gone, false); types.CodeOf(err) != types.NotFound {
		t.Errorf("a program that is not there has proved nothing: %+v, %v", got, err)
	}
}

// TestCodesAreKnownBefore: the arguments say with which codes the step can fail.
func TestCodesAreKnownBefore(t *testing.T) {
	w := newWorld(t)
	for name, s := range map[string]step.Step{"exec_read": w.step("exec_read"), "exec": w.step("exec")} {
		coded := s.CodedBy(types.Encode(map[string]any{"program": "x", "codes": rules}))
		if s.CanFail(types.Conflict) || !coded.CanFail(types.Conflict) || !coded.CanFail(types.NotFound) || coded.CanFail(types.RateLimited) {
			t.Errorf("%s fails with %v, then with %v", name, s.AllCodes(), coded.AllCodes())
		}
	}
	found := w.step("exec").CodedBy([]byte(`{"program":"x","find":{"program":"y","codes":[{"stderr":"x","code":"rate_limited"}]}}`))
	if !found.CanFail(types.RateLimited) {
		t.Errorf("%v", found.AllCodes())
	}
}

// TestBadCodes: what can never apply, and what contradicts, is refused before anything runs.
func TestBadCodes(t *testing.T) {
	w := newWorld(t)
	rule := func(text string) string { return `{"program":"x","codes":[` + text + `]}` }
	for in, want := range map[string]string{
		rule(`{"exit_codes":[3],"code":"nowhere"}`):                                                `"nowhere" is no error code that can stand in codes`,
		rule(`{"exit_codes":[3],"code":"internal"}`):                                               `"internal" is no error code that can stand in codes`,
		rule(`{"code":"conflict"}`):                                                                "conflict stands for no exit code and no text",
		rule(`{"exit_codes":[256],"code":"conflict"}`):                                             "256 is not an exit code",
		rule(`{"stderr":"(","code":"conflict"}`):                                                   `"(" is no regular expression`,
		rule(`{"exit_codes":[0],"code":"conflict"}`):                                               "exit code 0 means both success and conflict",
		rule(`{"exit_codes":[0],"stderr":"x","code":"conflict"}`):                                  "",
		rule(`{"exit_codes":[75],"code":"unknown_outcome"}`):                                       "",
		`{"program":"x","find":{"program":"y","codes":[{"exit_codes":[1],"code":"conflict"}]}}`:    "exit code 1 means both absent and conflict",
		`{"program":"x","find":{"program":"y","codes":[{"stderr":"x","code":"unknown_outcome"}]}}`: `"unknown_outcome" is no error code that can stand in codes`,
		`{"program":"x","find":{"program":"y","codes":[{"exit_codes":[1],"code":"not_found"}]}}`:   "",
		`{"program":"x","find":{"program":"y","codes":[{"exit_codes":[0],"code":"not_found"}]}}`:   "exit code 0 means both exists and not_found",
	} {
		err := w.step("exec").CheckArguments([]byte(in), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
	if err := w.step("exec_read").CheckArguments([]byte(rule(`{"exit_codes":[75],"code":"unknown_outcome"}`)), nil); types.CodeOf(err) != types.BadInput {
		t.Errorf("a read changes nothing: %v", err)
	}
}

// TestParse: what stdout is read to, or where it cannot be.
func TestParse(t *testing.T) {
	w := newWorld(t)
	w.script("say", `printf '%b' "$1"`)
	row := func(pairs ...string) any {
		out := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	for _, c := range []struct {
		parse, stdout string
		want          any
		err           string
	}{
		{"json", `{"a":[1,12]}\n`, map[string]any{"a": []any{1, 12}}, ""},
		{"json", "", nil, "stdout of say cannot be parsed as json: it is empty"},
		{"json", `{"a":\n  x}`, nil, "line 2, column 3: invalid character 'x'"},
		{"json", `{"a":\n`, nil, "line 2, column 1: it ends in the middle of a value"},
		{"json", `1 2`, nil, "line 1, column 3: text after the JSON value"},
		{"json", `{"a": 1}\n }`, nil, "line 2, column 2: text after the JSON value"},
		{"jsonl", `{"a":1}\n\n[2]`, []any{map[string]any{"a": 1}, []any{2}}, ""},
		{"jsonl", "", []any{}, ""},
		{"jsonl", `1\n\n{"a" 1}\n`, nil, "line 3, column 6: invalid character '1'"},
		{"lines", `a\r\n\n b\n`, []any{"a", "", " b"}, ""},
		{"lines", "", []any{}, ""},
		{"table", `NAME    READY  MOUNTED ON\napi     1/1    /a b\n\nwéb            /\n`,
			[]any{row("name", "api", "ready", "1/1", "mounted_on", "/a b"), row("name", "wéb", "ready", "", "mounted_on", "/")}, ""},
		{"table", `NAME \tREV\nx \t 1\ny\n`, []any{row("name", "x", "rev", "1"), row("name", "y", "rev", "")}, ""},
		{"table", "", []any{}, ""},
		{"table", `NAME  READY\nlong name  1\n`, nil, "line 2: a value begins before the name of its column, ready, does"},
		{"table", `A\tB\n1\t2\t3\n`, nil, "line 2: there is no name above column 3"},
		{"table", `A  a\n`, nil, `line 1: "a" is no name that tells column 2 from the others`},
		{"table", `A  --\n`, nil, `line 1: "--" is no name`},
		{"text", ` a\nb\r\n\n`, " a\nb", ""},
		{"text", "", "", ""},
		{"regex", `api 1/2 old\nx\nweb 3/3\n`, []any{row("name", "api", "ready", "1", "note", "old"), row("name", "web", "ready", "3", "note", "")}, ""},
		{"regex", "nothing", []any{}, ""},
	} {
		in := map[string]any{"program": "say", "args": []string{c.stdout}, "parse": c.parse}
		if c.parse == "regex" {
			in["pattern"] = `(?m)^(?P<name>\w+) (?P<ready>\d)/(\d)(?: (?P<note>.+))?$`
		}
		out, err := w.do(t.Context(), "exec_read", in)
		if c.err != "" {
			if types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s %q: %v", c.parse, c.stdout, err)
			}
			if out, err := w.do(t.Context(), "exec", in); err != nil || out.Value != nil || out.ExitCode != 0 {
				t.Errorf("%s %q: a program did its work, whatever it says: %+v, %v", c.parse, c.stdout, out, err)
			}
			continue
		}
		if err != nil || out.Value == nil {
			t.Errorf("%s %q: %+v, %v", c.parse, c.stdout, out, err)
			continue
		}
		if d := cmp.Diff(types.Show(c.want), types.Show(*out.Value)); d != "" {
			t.Errorf("%s %q:\n%s", c.parse, c.stdout, d)
		}
	}
	for in, want := range map[string]string{
		`{"program":"x","parse":"regex"}`:                     "pattern goes with parse: regex",
		`{"program":"x","parse":"lines","pattern":"(?P<a>)"}`: "pattern goes with parse: regex",
		`{"program":"x","parse":"regex","pattern":"(?P<a>"}`:  "is no regular expression",
		`{"program":"x","parse":"regex","pattern":"(a)"}`:     "pattern has no named group",
	} {
		for _, name := range []string{"exec", "exec_read"} {
			if err := w.step(name).CheckArguments(json.RawMessage(in), nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", in, err, want)
			}
		}
	}
	long := map[string]any{"program": "say", "args": []string{"123456"}, "parse": "lines", "max_output": 5}
	if _, err := w.do(t.Context(), "exec_read", long); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "say wrote 6 bytes to stdout, and only the last 5 are kept") {
		t.Errorf("nothing is cut in silence: %v", err)
	}
}
