package skilltest

import (
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Suffix ends the name of a file of tests; what is before it, with ".yaml", is the file
// that they are about.
const Suffix = "_test.yaml"

// Subject returns the file that a file of tests is about; ok is false when file does
// not hold tests.
func Subject(file string) (subject string, ok bool) {
	stem, ok := strings.CutSuffix(file, Suffix)
	return stem + ".yaml", ok && stem != "" && !strings.HasSuffix(stem, "/")
}

// Suite is a file of tests, checked against the skill that it is about.
type Suite struct {
	File      string
	Skill     *check.Skill
	Cases     []*Case
	catalogue *step.Catalogue
}

// Case is one test.
type Case struct {
	Name   string
	At     diag.Range // of its name
	World  string     // where it runs: "" is this package, with the answers, or [Sandbox]
	Inputs map[string]any
	Config map[string]any
	// OwnConfig is what of Config the case itself says: a sandbox has values of its own,
	// before which those of the defaults stand back.
	OwnConfig map[string]any
	Again     int    // as --again
	Program   string // run.program
	Now       time.Time
	Zone      *time.Location
	Answers   map[string]*Answers // by the name of the step
	Expect    Expectation

	places map[string]diag.Range // of "inputs.x" and "config.x"
}

// Answers are what a step answers, one after the other.
type Answers struct {
	At     diag.Range
	List   []Answer
	Always bool // the one answer holds for every call
	shared bool // it stands in the defaults, where not every case needs it
}

// Answer is what a step answers once: a result, a failure, or what a person says.
type Answer struct {
	At       diag.Range
	Returns  map[string]any // with [types.Unknown] for what is left out
	Fails    *types.Error   // nil of a result
	Approves string         // who agrees
	Rejects  string         // who does not
	After    time.Duration  // how long it takes
}

// Expectation is what has to be so when the run has ended. What is not named is free.
type Expectation struct {
	At      diag.Range
	State   string // "" is done, or failed where an error is expected
	Error   *ExpectedError
	Outputs map[string]Value
	Calls   map[string]Calls
	Undo    map[string]Calls // what would take back what a step wrote
	Steps   map[string]Value // the state of a step, a text
	Writes  *Value           // the names of what was written, a list; nil is free
}

// ExpectedError is how the run has to fail; what is "" is free.
type ExpectedError struct {
	At      diag.Range
	Code    types.Code
	Message string // a part of it
	Step    string
}

// Calls are the calls of a step, in order, by the arguments that are named.
type Calls struct {
	At    diag.Range
	List  []map[string]Value
	enter bool // the step has steps inside
}

// Value is what is expected, and where that is written.
type Value struct {
	At   diag.Range
	Want any
	node *syntax.Node
}

// Sandbox is the world of a case that is performed for real, in the embedded world.
const Sandbox = "sandbox"

// The states in which a case can end.
const (
	Done     = "done"
	Failed   = "failed"
	Parked   = "parked"   // it waits for a person, or does not know what became of a write
	Rejected = "rejected" // a person did not agree
)

// NotRun is the state of a step that the run did not come to.
const NotRun = "not_run"

// start is the time of a case that gives none.
var start = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
