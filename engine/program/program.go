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
	"slices"
	"strconv"
	"strings"

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
	// Secrets are the names of the secrets of the site that it declares, and those of
	// what it calls, sorted.
	Secrets []string `json:"secrets,omitempty"`
	// Identity holds the values of `identity:`, nil when the skill names none.
	Identity []types.Dynamic `json:"identity,omitempty"`
	Again    int             `json:"again,omitempty"`
	// Concurrency is nil when the skill may run beside others.
	Concurrency *Concurrency `json:"concurrency,omitempty"`
	// Timeout is a duration; only the time counts in which a process is at the
	// run.
	Timeout string   `json:"timeout,omitempty"`
	Steps   []Node   `json:"steps"`
	Outputs []Output `json:"outputs,omitempty"`
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

// The kinds of nodes.
const (
	Uses    Kind = "uses"    // perform a step
	Set     Kind = "set"     // name values
	Assert  Kind = "assert"  // fail unless a condition holds
	Fail    Kind = "fail"    // fail
	Approve Kind = "approve" // ask a person to agree
	Await   Kind = "await"   // repeat a read until a condition holds
	Group   Kind = "steps"   // perform nodes, in order or side by side
	Skill   Kind = "skill"   // perform another skill
	Return  Kind = "return"  // end the skill here, with outputs
)

// Node is one step of the skill. Fields of other kinds are empty.
//
// What stands around a node, from the outside in: the loop, which makes one
// visit of an item; the condition, which is asked for each item; the time-out;
// on_error; the retry; and inside of them all what the kind does.
type Node struct {
	ID   string     `json:"id"`
	Kind Kind       `json:"kind"`
	Name string     `json:"name,omitempty"` // text with ${{ }}
	At   diag.Range `json:"at"`             // where it stands
	If   string     `json:"if,omitempty"`   // bare expression

	Step   string       `json:"step,omitempty"`   // of Uses and Await: the step type
	Effect string       `json:"effect,omitempty"` // of the step type
	With   types.Values `json:"with,omitempty"`   // arguments: every string is a text with ${{ }}
	// Services are what the argument service may come to, where it is an expression.
	Services []string `json:"services,omitempty"`
	// Defaults are what the step type has for arguments that are left out, or come to
	// nothing. Programs of earlier versions have none: the step knows them too.
	Defaults types.Values `json:"defaults,omitempty"`

	// Undo are the arguments of another call of the step that takes its effect back, of
	// Uses: texts that see its result too. Nil is a step that may know by itself.
	Undo types.Values `json:"undo,omitempty"`

	// Preview is what people are shown of a write beside its arguments, of Uses: texts.
	Preview []Binding `json:"preview,omitempty"`

	Values []Binding `json:"values,omitempty"` // of Set, and of Return: outputs; in order

	Cond    string     `json:"cond,omitempty"`    // of Assert
	Message string     `json:"message,omitempty"` // of Assert, Fail, Approve and Await: text
	Code    types.Code `json:"code,omitempty"`    // of Assert, Fail and Await

	Show types.Dynamic `json:"show,omitzero"` // of Approve: what the person sees beside the message

	Until  string `json:"until,omitempty"`   // of Await, sees `result`
	FailIf string `json:"fail_if,omitempty"` // of Await, sees `result`
	// On are the codes with which a poll of Await may fail: it is not so yet.
	On    []types.Code `json:"on,omitempty"`
	Every string       `json:"every,omitempty"` // duration

	// Timeout is a duration. Of Await it counts from the first answer on,
	// whether or not anybody is at the run. Of Uses, Group and Skill it bounds
	// one visit (of a loop: one item) with all its attempts, and only the time
	// counts in which a process is at the run.
	Timeout string `json:"timeout,omitempty"`

	// Of Group.
	Steps    []Node `json:"steps,omitempty"`
	Parallel bool   `json:"parallel,omitempty"` // its steps run side by side
	Rescue   []Node `json:"rescue,omitempty"`   // run when its steps failed; see `error`
	Always   []Node `json:"always,omitempty"`   // run last, however it ended

	Call *Call `json:"call,omitempty"` // of Skill

	// Of any kind: the loop.
	ForEach     string `json:"for_each,omitempty"`     // bare expression: a list
	As          string `json:"as,omitempty"`           // the name of the item; "item" is written out
	Key         string `json:"key,omitempty"`          // bare expression, sees the item; "" is the item itself
	MaxParallel int    `json:"max_parallel,omitempty"` // of a loop (0 is 1) and of a parallel group (0 is all)
	// BreakIf is asked behind each item, of a loop that runs them one by one: where it
	// holds, no further item begins. A bare expression; it sees the item and `result`.
	BreakIf string `json:"break_if,omitempty"`
	// OnItemError keeps the loop going when an item fails; its result is then
	// absent.
	OnItemError bool `json:"on_item_error,omitempty"`

	// OnError keeps the skill going when the node fails; its result is then
	// absent.
	OnError bool   `json:"on_error,omitempty"`
	Retry   *Retry `json:"retry,omitempty"` // of Uses, Group and Skill

	Errors map[types.Code]string `json:"errors,omitempty"` // code -> text that people see

	// Repeatable says of a write that doing it once more does no harm: a group
	// that begins again does it again, also when no one can look whether it is
	// there.
	Repeatable bool `json:"repeatable,omitempty"`

	// Drop names the steps whose results nothing after this node reads, so
	// that the machine can let go of them.
	Drop []string `json:"drop,omitempty"`
}

// Retry performs a node that failed again.
type Retry struct {
	Attempts int          `json:"attempts"`            // all together, at least 2
	Delay    string       `json:"delay,omitempty"`     // before the second attempt; "" is none
	Backoff  float64      `json:"backoff,omitempty"`   // factor from one delay to the next; 0 is 1
	MaxDelay string       `json:"max_delay,omitempty"` // "" is no bound
	On       []types.Code `json:"on,omitempty"`        // empty: every code but cancelled and internal
	If       string       `json:"if,omitempty"`        // bare expression, sees `error`
	Before   []Node       `json:"before,omitempty"`    // the remedy: performed before each further attempt; sees `error`
}

// Call is another skill inside of this one. Its nodes see names of their own:
// the arguments of the node as inputs, the values here as config.
type Call struct {
	Skill      string `json:"skill"`
	StepType   bool   `json:"step_type,omitempty"` // it is a step type that a file declares
	Version    string `json:"version,omitempty"`
	TextDigest string `json:"text_digest"` // SHA-256 of the skill's bytes, hexadecimal
	// Defaults are of the inputs that the call leaves out: strings are texts
	// with ${{ }} that see config.
	Defaults types.Values `json:"defaults,omitempty"`
	Inputs   types.Type   `json:"inputs"` // an object: what the arguments must be
	// Identity are bare expressions over its inputs and config: what tells its
	// work from that of another call at the same place. Empty is the place only.
	Identity []string     `json:"identity,omitempty"`
	Config   types.Values `json:"config,omitempty"`
	Steps    []Node       `json:"steps"`
	Outputs  []Output     `json:"outputs,omitempty"`
	Timeout  string       `json:"timeout,omitempty"` // duration
}

// Key tells a skill and a step type of one name apart.
func (c Call) Key() string {
	if c.StepType {
		return "steps/" + c.Skill
	}
	return c.Skill
}

// Title is what is called, for people.
func (c Call) Title() string {
	if c.StepType {
		return "step type " + c.Skill
	}
	return "skill " + c.Skill
}

// Uses is what a skill writes to call it.
func (c Call) Uses() string {
	if c.StepType {
		return c.Skill
	}
	return "skill:" + c.Skill
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
	// Held says that the value is held against the type when it is there: what was
	// checked may be anything.
	Held bool `json:"held,omitempty"`
}

// Each visits nodes and everything inside of them, in the order of the skill: a
// group before its steps, its rescue and its always; what is retried before
// its remedy; a call before the steps of the other skill.
func Each(nodes []Node, visit func(*Node)) {
	for i := range nodes {
		n := &nodes[i]
		visit(n)
		for _, inner := range n.Inside() {
			Each(inner, visit)
		}
	}
}

// EachOwn visits nodes and everything inside of them as [Each] does, but not the steps of
// what they call: those stand in another file.
func EachOwn(nodes []Node, visit func(*Node)) {
	for i := range nodes {
		n := &nodes[i]
		visit(n)
		if n.Retry != nil {
			EachOwn(n.Retry.Before, visit)
		}
		EachOwn(n.Steps, visit)
		EachOwn(n.Rescue, visit)
		EachOwn(n.Always, visit)
	}
}

// At is the node that a structural path leads to, nil when there is none.
func At(nodes []Node, path string) *Node {
	head, rest, more := strings.Cut(path, "/")
	id, _, _ := strings.Cut(head, "[")
	i := slices.IndexFunc(nodes, func(n Node) bool { return n.ID == id })
	switch {
	case i < 0:
		return nil
	case !more:
		return &nodes[i]
	}
	n := &nodes[i]
	inside := slices.Concat(n.Steps, n.Rescue, n.Always)
	if n.Call != nil {
		inside = n.Call.Steps
	}
	if next, step, is := strings.Cut(rest, "/"); is && n.Retry != nil && strings.HasPrefix(next, "before.") {
		inside, rest = n.Retry.Before, step
	}
	return At(inside, rest)
}

// Inside are the sequences of nodes that stand in a node, in the order of
// [Each]; most nodes have none.
func (n *Node) Inside() [][]Node {
	var out [][]Node
	if n.Retry != nil {
		out = append(out, n.Retry.Before)
	}
	if n.Call != nil {
		out = append(out, n.Call.Steps)
	}
	return append(out, n.Steps, n.Rescue, n.Always)
}

// Digest is the SHA-256 of the program, hexadecimal. Two programs of one
// digest do the same.
func (p *Program) Digest() string { return types.Digest(types.Encode(p)) }

// Key is what skills read as run.key: a text of 32 letters and digits that another
// system can tell the piece of work by. It is that of [Program.Work]; a skill that is
// called reads one of its own, which is made from it.
func (p *Program) Key(run string) string { return KeyOf(p.Work(run)) }

// KeyOf is the key of these parts, kept apart.
func KeyOf(parts []string) string { return types.Digest(types.Encode(parts))[:32] }

// Work returns the parts whose hash is the identity of the piece of work: the
// skill, its identity and --again. A skill without identity is new work each
// time, and the run is its identity.
func (p *Program) Work(run string) []string {
	if p.Identity == nil {
		return []string{"run", p.Skill, run}
	}
	return []string{"work", p.Skill, string(types.Encode(p.Identity)), strconv.Itoa(p.Again)}
}
