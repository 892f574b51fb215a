package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/schemas"
)

// TestOutputsFitSchemas: what runs print fits the schemas of it, which are closed here:
// nothing is printed that they do not know.
func TestOutputsFitSchemas(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	b.skill("asks", "name: asks\nsteps:\n  - {id: a, uses: state_set, with: {name: n, value: 1}}\n  - {id: ok, approve: Sure?, show: {a: 1}}\n")
	b.skill("fails", "name: fails\nsteps:\n  - {id: log, uses: log, with: {message: hello}}\n  - id: each\n    for_each: \"[1, 2]\"\n    key: item\n    on_item_error: continue\n    steps: [{id: bad, fail: no luck, code: conflict}]\n  - {id: end, fail: the end}\n")
	b.skill("writes", "name: writes\nsteps:\n  - {id: a, uses: state_set, with: {name: m, value: 1}}\noutputs: {summary: done}\n")
	b.skill("bad", "name: bad\nsteps: [{id: a}]\n")
	schema := map[string]*jsonschema.Schema{"json": closed(t, schemas.Run()), "events": closed(t, schemas.Events())}
	seen := map[string]bool{}
	for _, args := range [][]string{
		{"run", "release_aa_backend_prod", "--input", b.sha()},
		{"run", "./asks.yaml"}, {"resume", "last"}, {"run", "./writes.yaml", "--yes"},
		{"run", "./fails.yaml"}, {"run", "./bad.yaml"}, {"run", "./none.yaml"},
	} {
		for format, s := range schema {
			r := b.on(append(args, "--output", format)...)
			for _, text := range texts(format, r.out) {
				doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
				if err != nil {
					t.Fatalf("%v: %v\n%s\n%s", args, err, r.out, r.log)
				}
				if err := s.Validate(doc); err != nil {
					t.Errorf("%v --output %s: %v\n%s", args, format, err, text)
				}
				object, _ := doc.(map[string]any)
				for _, key := range []string{"state", "type"} {
					if word, ok := object[key].(string); ok {
						seen[format+" "+word] = true
					}
				}
			}
		}
	}
	for _, want := range []string{
		"json done", "json parked", "json failed", "json refused", "events run_started", "events step_started", "events step_done",
		"events effect", "events question", "events run_parked", "events run_failed", "events run_done", "events refused",
	} {
		if !seen[want] {
			t.Errorf("no run printed %s: only %v", want, seen)
		}
	}
}

// texts are the JSON texts that a run printed.
func texts(format, out string) []string {
	if format == "json" {
		return []string{out}
	}
	return strings.Split(strings.TrimSpace(out), "\n")
}

// closed is a schema that allows no members but those that it names.
func closed(t *testing.T, s schemas.Schema) *jsonschema.Schema {
	t.Helper()
	definitions := s["definitions"].(schemas.Schema)
	for _, d := range definitions {
		d.(schemas.Schema)["additionalProperties"] = false
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	out, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return out
}
