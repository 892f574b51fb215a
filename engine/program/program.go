// Package program is the waist of the engine: what is left of a skill once it
// is checked and its inputs are bound. Everything above (YAML, types,
// diagnostics of the language) ends here; everything below (the machine, the
// runtimes, the journal, a worker on another machine) starts here.
//
// A [Program] is plain data: it can be printed, hashed, journaled and sent. It
// holds expressions as text, already parsed and type-checked; the machine
// parses them again when it needs them. Nothing in it refers to a clock, a
// file or a Go function.
package program

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// Language is the version of the language this engine speaks.
const Language = 1

// Program is a checked skill with its inputs bound.
type Program struct {
	Language    int          `json:"language"`
	Skill       string       `json:"skill"`
	Version     string       `json:"version,omitempty"`
	Description string       `json:"description,omitempty"`
	TextDigest  string       `json:"text_digest"` // SHA-256 of the skill's bytes, hexadecimal
	Inputs      types.Values `json:"inputs"`      // with every default spelt out
	Config      types.Values `json:"config"`
	// Identity holds the values of `identity:`, nil when the skill names none.
	Identity []types.Dynamic `json:"identity,omitempty"`
	Again    int             `json:"again,omitempty"`
	// Concurrency is nil when the skill may run beside others.
	Concurrency *Concurrency `json:"concurrency,omitempty"`
	Steps       []Node       `json:"steps"`
	Outputs     []Output     `json:"outputs,omitempty"`
}

// Concurrency keeps runs of one group from writing at the same time.
type Concurrency struct {
	Group string `json:"group"` // see [GroupPattern]
	// Repo is the git repository in which machines share the lock; "" keeps it
	// on this machine.
	Repo    string `json:"repo,omitempty"`
	Service string `json:"service,omitempty"` // of skillrun.yaml, for Repo; "" is git
}

// GroupPattern is what the name of a group looks like. It becomes the name of
// a file and of a branch, so there is no room in it for anything else.
const GroupPattern = `^[a-z0-9][a-z0-9._-]{0,63}$`

// Kind is what a node does.
type Kind string

// The kinds of nodes. Groups, loops and skill calls come as further kinds with
// child nodes; the machine's essay shows where they go.
const (
	Uses    Kind = "uses"    // perform a step
	Set     Kind = "set"     // name values
	Assert  Kind = "assert"  // fail unless a condition holds
	Fail    Kind = "fail"    // fail
	Approve Kind = "approve" // ask a person to agree
	Await   Kind = "await"   // repeat a read until a condition holds
)

// Node is one step of the skill. Fields of other kinds are empty.
type Node struct {
	ID   string     `json:"id"`
	Kind Kind       `json:"kind"`
	Name string     `json:"name,omitempty"` // text with ${{ }}
	At   diag.Range `json:"at"`             // where it stands
	If   string     `json:"if,omitempty"`   // bare expression

	Step   string       `json:"step,omitempty"`   // of Uses and Await: the step type
	Effect string       `json:"effect,omitempty"` // of the step type
	With   types.Values `json:"with,omitempty"`   // arguments: every string is a text with ${{ }}

	Values []Binding `json:"values,omitempty"` // of Set, in order

	Cond    string     `json:"cond,omitempty"`    // of Assert
	Message string     `json:"message,omitempty"` // of Assert, Fail, Approve and Await: text
	Code    types.Code `json:"code,omitempty"`    // of Assert, Fail and Await

	Show types.Dynamic `json:"show,omitzero"` // of Approve: what the person sees beside the message

	Until   string `json:"until,omitempty"`   // of Await, sees `result`
	FailIf  string `json:"fail_if,omitempty"` // of Await, sees `result`
	Every   string `json:"every,omitempty"`   // duration
	Timeout string `json:"timeout,omitempty"` // duration

	Errors map[types.Code]string `json:"errors,omitempty"` // code -> text that people see

	// Drop names the steps whose results nothing after this node reads, so
	// that the machine can let go of them.
	Drop []string `json:"drop,omitempty"`
}

// Binding is a name and its value; strings inside are texts with ${{ }}.
type Binding struct {
	Name  string        `json:"name"`
	Value types.Dynamic `json:"value"`
}

// Output is a named result of the skill.
type Output struct {
	Name  string        `json:"name"`
	Value types.Dynamic `json:"value"`
	Type  types.Type    `json:"type"`
	At    diag.Range    `json:"at"`
}

// Digest is the SHA-256 of the program, hexadecimal. Two programs of one
// digest do the same.
func (p *Program) Digest() string {
	sum := sha256.Sum256(types.Encode(p))
	return hex.EncodeToString(sum[:])
}

// Work returns the parts whose hash is the identity of the piece of work: the
// skill, its identity and --again. A skill without identity is new work each
// time, and the run is its identity.
func (p *Program) Work(run string) []string {
	if p.Identity == nil {
		return []string{"run", p.Skill, run}
	}
	return []string{"work", p.Skill, string(types.Encode(p.Identity)), strconv.Itoa(p.Again)}
}
