package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/types"
)

func parseText(t *testing.T, src string) *Text {
	t.Helper()
	text, problems := ParseText(src)
	if len(problems) > 0 {
		t.Fatalf("%s: %s", src, complaint(src, problems))
	}
	return text
}

func TestTextEval(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		src  string
		want any
	}{
		{"", ""}, {"plain", "plain"}, {"a } }} {{ b $ ${ %{", "a } }} {{ b $ ${ %{"},
		{"${{ inputs.count }}", 3}, {"${{inputs.tags}}", []any{"b", "a"}}, {"${{ steps.billing }}", nil}, {" ${{ inputs.count }}", " 3"},
		{"n=${{ inputs.count }}, r=${{ inputs.ratio }}, b=${{ inputs.billing }}, s=${{ inputs.name }}", "n=3, r=0.5, b=true, s=für"},
		{"$${{ inputs.name }} %%{{ if x }}", "${{ inputs.name }} %{{ if x }}"}, {"$$${{ 1 }}", "$${{ 1 }}"}, {"100%", "100%"},
		{`${{ "}}" + '}}' + "\"}}" }}!`, `}}}}"}}!`}, {`${{ {"a": {"b": 1}}.a.b }}!`, "1!"}, {"${{ `}}` }}.", "}}."},
		{"a  ${{~ 1 ~}}\n b", "a1b"}, {"a ${{~ 1 }} b", "a1 b"}, {"a ${{ 1 ~}} b", "a 1b"},
		{"%{{ if inputs.billing }}yes%{{ else }}no%{{ end }}.", "yes."}, {"%{{ if !inputs.billing }}yes%{{ else }}no%{{ end }}", "no"}, {"%{{ if !inputs.billing }}yes%{{ end }}", ""},
		{"%{{ if inputs.count == 1 }}one%{{ else if inputs.count == 3 }}three%{{ else }}many%{{ end }}", "three"},
		{"%{{if(inputs.billing)}}a%{{ if inputs.count > 5 }}b%{{ end }}c%{{end}}d", "acd"},
		{"commits:\n%{{ for c in steps.log.commits ~}}\n- ${{ c.sha }} (${{ c.size }})\n%{{ end ~}}\nend", "commits:\n- 1 (5)\n- 2 (7)\nend"},
		{"%{{ for a in inputs.tags }}%{{ for b in inputs.tags }}${{ a + b }} %{{ end }}%{{ end }}", "bb ba ab aa "},
		{"%{{ for a in [] }}x%{{ end }}", ""},
		// One pass: what a value holds is never looked at again, nor escaped.
		{"${{ inputs.hostile }}", `${{ inputs.name }} %{{ if true }} <b> & "`}, {"x${{ inputs.hostile }}", `x${{ inputs.name }} %{{ if true }} <b> & "`},
		{"${{ steps.jira.key }}", types.Unknown{After: "jira"}},
		{"${{ steps.jira.key }} - chore: ${{ inputs.name }} ${{ steps.mr.url }}", types.PartlyUnknown{Text: "(known after jira) - chore: für (known after mr)", After: "jira"}},
		{"[${{ steps.mr.text }}]", types.PartlyUnknown{Text: "[(known after jira) - release]", After: "jira"}},
		{"${{ steps.mr.text }}", types.PartlyUnknown{Text: "(known after jira) - release", After: "jira"}},
		{"a%{{ if steps.jira.ok }}b%{{ else }}c%{{ end }}d", types.PartlyUnknown{Text: "a(known after jira)d", After: "jira"}},
		{"a%{{ for x in steps.jira.list }}b%{{ end }}d", types.PartlyUnknown{Text: "a(known after jira)d", After: "jira"}},
		{"%{{ for x in steps.mr.parts }}<${{ x }}>%{{ end }}", types.PartlyUnknown{Text: "<a><(known after mr)>", After: "mr"}},
		{"%{{ if false && steps.jira.ok }}b%{{ else }}c%{{ end }}", "c"},
	} {
		got, err := parseText(t, test.src).Eval(environment())
		if err != nil {
			t.Errorf("%s: %v", test.src, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.src, diff)
		}
	}
}

func TestTextEvalPartial(t *testing.T) {
	t.Parallel()
	jira, mr := &types.Unknown{After: "jira"}, &types.Unknown{After: "mr"}
	for src, want := range map[string]struct {
		v       any
		unknown *types.Unknown
	}{
		"${{ inputs.count }}":      {3, nil},
		"x ${{ inputs.count }}":    {"x 3", nil},
		"${{ steps.jira.key }}":    {*jira, jira},
		"${{ steps.mr.parts }}":    {[]any{"a", *mr}, mr},
		"x ${{ steps.jira.key }}":  {"x (known after jira)", jira},
		"x ${{ steps.mr.text }}":   {"x (known after jira) - release", jira},
		"x ${{ json(steps.mr) }}":  {"x (known after mr)", mr},
		"x ${{ steps.mr.title }}!": {"x release!", nil},
	} {
		v, unknown, err := parseText(t, src).EvalPartial(environment())
		if err != nil {
			t.Errorf("%s: %v", src, err)
		}
		if diff := cmp.Diff(want.v, v) + cmp.Diff(want.unknown, unknown); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
}

func TestTextFailures(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Vars["token"] = types.NewSecret("s3cret")
	env.Vars["many"] = make([]any, 1000)
	for src, want := range map[string]string{
		"x ${{ inputs.null }}":      "inputs.null is absent (guard it with ?., ?? or has())",
		"x ${{ token }}":            "token is a secret inside a text",
		"x ${{ inputs.tags[9] }}":   "inputs.tags has no element 9: its length is 2 (first() and last() give nothing for an empty list instead)",
		"%{{ if 1 }}a%{{ end }}":    "1 is of kind integer, not boolean",
		"%{{ for a in 1 }}%{{end}}": "1 is of kind integer, not list",
		"%{{ for a in many }}%{{ for b in many }}%{{end}}%{{end}}":       "the expression takes too many iterations (narrow the list before working on it, or do it in steps)",
		"%{{ for a in many }}" + strings.Repeat("x", 1<<19) + "%{{end}}": "the expression handles too much text (work on a part of it)",
	} {
		v, err := parseText(t, src).Eval(env)
		if err == nil {
			t.Errorf("%.80s: got %.80v", src, v)
			continue
		}
		if diff := cmp.Diff(want, types.AsError(err).Error()); diff != "" {
			t.Errorf("%.80s:\n%s", src, diff)
		}
	}
}

func TestTextCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ src, want string }{
		{"plain", "string"}, {"", "string"}, {"${{ inputs.count }}", "integer"}, {"${{~ inputs.tags ~}}", "list<string>"}, {"${{ inputs.note }}", "optional string"},
		{"${{ inputs.token }}", "secret"}, {"x${{ inputs.count }}${{ inputs.ratio }}${{ inputs.billing }}${{ inputs.name }}", "string"},
		{"%{{ if inputs.billing }}${{ steps.billing.commit }}%{{ end }}", "string"},
		{"%{{ if !has(steps.billing) }}none%{{ else }}${{ steps.billing.commit }}%{{ end }}", "string"},
		{"%{{ for c in steps.log.commits }}%{{ if has(c.ticket) }}${{ c.ticket }}%{{ end }}%{{ end }}", "string"},
		{"x ${{ inputs.note }}",
			`maybe-absent «inputs.note» inputs.note may be absent (guard it with ?., ??, has(inputs.note) or the same if)`},
		{"x ${{ inputs.token }}",
			`secret-leak «inputs.token» inputs.token is or holds a secret, which cannot be computed with (pass it on whole, to a field that takes a secret)`},
		{"x ${{ inputs.tags }}",
			`type-mismatch «inputs.tags» inputs.tags is a list<string>, which cannot be part of a string (write json(inputs.tags) or join(inputs.tags, ", "))`},
		{"x ${{ inputs.blob }}",
			`type-any «inputs.blob» inputs.blob may be of any type, so nothing can be done with it (convert it with string() or json(), or read a place whose type is declared)`},
		{"x ${{ steps.image }}",
			`type-mismatch «steps.image» steps.image is an object, which cannot be part of a string (write json(steps.image))`},
		{"x ${{ inputs.labels }}",
			`type-mismatch «inputs.labels» inputs.labels is a map<string>, which cannot be part of a string (write json(inputs.labels))`},
		{"é ${{ inputs.nmae }} ${{ steps.imgae }}",
			`unknown-name «nmae» there is no input nmae (did you mean name?) | unknown-name «imgae» there is no step imgae to read here (did you mean image?)`},
		{"é %{{ if  inputs.nmae }}%{{ else if\tinputs.name }}%{{ end }}",
			`unknown-name «nmae» there is no input nmae (did you mean name?) | type-mismatch «inputs.name» inputs.name is a string, not a boolean (compare it: only true and false decide)`},
		{"%{{ for c in steps.log.commits }}${{ c.shaa }}%{{ end }}${{ c.sha }}",
			`unknown-name «shaa» c has no field shaa (did you mean sha?) | unknown-name «c» there is no c here (known here: inputs, config, steps)`},
		{"%{{ for  c in inputs.name }}%{{ end }}",
			`type-mismatch «inputs.name» inputs.name is a string, not a list`},
		{"%{{ for c in inputs.token }}%{{ end }}",
			`secret-leak «inputs.token» inputs.token is or holds a secret, which cannot be computed with (pass it on whole, to a field that takes a secret)`},
		{"%{{ for  inputs in inputs.tags }}%{{ end }}",
			`name-taken «inputs» inputs already means something here (choose another name for the loop's variable)`},
		{"%{{ for c in inputs.tags }}%{{ for c in inputs.tags }}%{{ end }}%{{ end }}",
			`name-taken «c» c already means something here (choose another name for the loop's variable)`},
		{"%{{ if inputs.billing }}%{{ else }}${{ steps.billing.commit }}%{{ end }}",
			`maybe-absent «steps.billing» steps.billing may be absent (guard it with ?., ??, has(steps.billing) or the same if)`},
		{"a ${{ 1",
			`expression-syntax «${{» ${{ has no }} (for the characters themselves write $${{)`},
		{"%{{ if true }}",
			`expression-syntax «%{{ if true }}» this %{{ if }} has no %{{ end }}`},
		{"%{{ end }}",
			`expression-syntax «%{{ end }}» this %{{ end }} belongs to nothing`},
		{"a %{{ else }}",
			`expression-syntax «%{{ else }}» this %{{ else }} belongs to nothing`},
		{"%{{ if true }}%{{ else }}%{{ else }}%{{ end }}",
			`expression-syntax «%{{ else }}» nothing but %{{ end }} can follow %{{ else }}`},
		{"%{{ if true }}%{{ end x }}",
			`expression-syntax «%{{ end x }}» "x" is not expected after end`},
		{"%{{ if true }}%{{ else x }}%{{ end }}",
			`expression-syntax «%{{ else x }}» "x" is not expected after else`},
		{"%{{ for c of x }}%{{ end }}",
			`expression-syntax «%{{ for c of x }}» a loop is written for NAME in LIST (such as %{{ for c in steps.log.commits }})`},
		{"%{{ for 1 in x }}%{{ end }}",
			`expression-syntax «%{{ for 1 in x }}» a loop is written for NAME in LIST (such as %{{ for c in steps.log.commits }})`},
		{"%{{ for c in x }}",
			`expression-syntax «%{{ for c in x }}» this %{{ for }} has no %{{ end }}`},
		{"%{{ for c in x }}%{{ else }}%{{ end }}",
			`expression-syntax «%{{ else }}» a %{{ for }} has no else (put %{{ if len(LIST) == 0 }} after its %{{ end }})`},
		{"%{{ for c in }}%{{ end }}",
			`expression-syntax «%{{ for c in }}» a loop is written for NAME in LIST (such as %{{ for c in steps.log.commits }})`},
		{"%{{ while true }}",
			`expression-syntax «%{{ while true }}» there is no directive "while true" (the directives are if, else, for and end; a value is ${{ }})`},
		{"%{{ if }}%{{ end }}",
			`expression-syntax «%{{ if }}» there is no expression here`},
		{"x ${{ }}",
			`expression-syntax «${{ }}» there is no expression here`},
		{"ab ${{ 1 + }} c",
			`expression-syntax « 1 + » the expression ends too early`},
		{"ab ${{ 1 2 }} c ${{ lwoer(1) }}",
			`expression-syntax «2» this is not expected here: 2 | unknown-function «lwoer» there is no function lwoer (did you mean lower?)`},
		{`${{ "a }}`,
			`expression-syntax «${{» ${{ has no }} (for the characters themselves write $${{)`},
	} {
		got := textVerdict(test.src)
		if got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.src, got, test.want)
		}
	}
}

func textVerdict(src string) string {
	text, problems := ParseText(src)
	if len(problems) == 0 {
		var typ types.Type
		if typ, problems = text.Check(world()); len(problems) == 0 {
			return typ.String()
		}
	}
	return strings.ReplaceAll(complaint(src, problems), "\n", " | ")
}

func TestTextLimits(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"long":       strings.Repeat("x", 1<<20+1),
		"nested":     strings.Repeat("%{{ if true }}", 17) + strings.Repeat("%{{ end }}", 17),
		"long hole":  "x${{ " + strings.Repeat(" ", 5000) + "1 }}",
		"many holes": strings.Repeat("${{ ", 200_000),
		"quotes":     "${{ " + strings.Repeat(`"`, 200_001),
	} {
		if _, problems := ParseText(src); len(problems) == 0 {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTextFacts(t *testing.T) {
	t.Parallel()
	for src, literal := range map[string]bool{"": true, "a": true, "$${{": true, "${{ 1 }}": false, "a ${{ 1 }}": false, "%{{ if true }}%{{ end }}": false} {
		if got := parseText(t, src).Literal(); got != literal {
			t.Errorf("%q: literal %v", src, got)
		}
	}
	src := "é ${{ config.host }} %{{ for c in steps.log.commits }}%{{ if c.size > inputs.count }}${{ c.sha + inputs.name }}%{{ end }}%{{ end }}"
	text := parseText(t, src)
	var got []string
	for _, r := range text.Refs() {
		got = append(got, src[r.From:r.To])
	}
	if diff := cmp.Diff([]string{"config.host", "steps.log.commits", "inputs.count", "inputs.name"}, got); diff != "" {
		t.Error(diff)
	}
	if ok, offender := text.Trusted(world()); ok || src[offender.From:offender.To] != "steps.log.commits" {
		t.Errorf("trusted %v, offender %v", ok, offender)
	}
	if ok, offender := parseText(t, "https://${{ config.host }}/${{ inputs.ref }}").Trusted(world()); !ok {
		t.Errorf("offender %v", offender)
	}
}
