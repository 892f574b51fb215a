package program_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestDigestStays: a program that uses nothing new is written as it always was,
// so that a journal of an earlier version still belongs to it.
func TestDigestStays(t *testing.T) {
	t.Parallel()
	p := program.Program{
		Language: 1, Skill: "s", TextDigest: "d", Inputs: types.Values{"n": 1}, Config: types.Values{},
		Steps: []program.Node{
			{ID: "a", Kind: program.Uses, Step: "look", Effect: "read", With: types.Values{"x": "${{ inputs.n }}"}, Drop: []string{"a"}},
			{ID: "b", Kind: program.Assert, Cond: "true", Message: "m"},
		},
	}
	const place = `{"file":"","start":{"line":0,"col":0},"end":{"line":0,"col":0}}`
	want := `{"language":1,"skill":"s","text_digest":"d","inputs":{"n":1},"config":{},"steps":[` +
		`{"id":"a","kind":"uses","at":` + place + `,"step":"look","effect":"read","with":{"x":"${{ inputs.n }}"},"drop":["a"]},` +
		`{"id":"b","kind":"assert","at":` + place + `,"cond":"true","message":"m"}]}`
	if d := cmp.Diff(want, string(types.Encode(p))); d != "" {
		t.Error(d)
	}
	if got := p.Digest(); got != "f4044c76f01377203af43f0d8fbef090c36e7d531d00e057591d6df982c4539a" {
		t.Errorf("digest %s", got)
	}
}

// TestApprovalIsData: what an approve shows, and the group, survive JSON.
func TestApprovalIsData(t *testing.T) {
	t.Parallel()
	p := program.Program{
		Inputs: types.Values{}, Config: types.Values{}, Concurrency: &program.Concurrency{Group: "g", Repo: "r", Service: "git"},
		Steps: []program.Node{
			{ID: "a", Kind: program.Approve, Message: "go?", Show: types.Dynamic{V: []any{"${{ inputs.n }}", 1<<53 + 1}}},
			{ID: "b", Kind: program.Approve, Message: "go?", Show: types.Dynamic{V: ""}},
			{ID: "c", Kind: program.Approve, Message: "go?"},
		},
	}
	var again program.Program
	if err := json.Unmarshal(types.Encode(p), &again); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, again); d != "" {
		t.Error(d)
	}
	other := p
	other.Concurrency = &program.Concurrency{Group: "h"}
	if again.Digest() != p.Digest() || other.Digest() == p.Digest() {
		t.Error("the digest does not follow the group")
	}
}

// TestKeyStays: other systems remember it for longer than a version of this program
// lives.
func TestKeyStays(t *testing.T) {
	t.Parallel()
	p := program.Program{Skill: "s", Identity: []types.Dynamic{{V: "a"}, {V: 1}}, Again: 2}
	if got := p.Key("r"); got != "eb6f73ef23de6199a7538799b7685b59" || got != p.Key("q") {
		t.Errorf("key %s, and %s of another run", got, p.Key("q"))
	}
	p.Identity = nil
	if p.Key("r") == p.Key("q") {
		t.Error("two runs without an identity have one key")
	}
}
