package check

import (
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/lang/lint"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// checker is one walk through one file.
type checker struct {
	*session
	file    string
	chain   []string // the skills that call each other down to this one
	diags   diag.List
	skill   *Skill
	grouped bool // the skill has a concurrency group
	program bool // what is being checked is handed to a program

	view    view             // what can be seen at the node being checked
	base    []types.Field    // what is seen at all of them; nil before the first
	ids     map[string]place // every id of the file, also later ones
	offered map[string]bool  // the ids that hints suggested
	early   []earlyReturn    // the returns
	life    *lifetime        // in which the node being checked stands
	lives   []*lifetime      // all of the file
	owner   map[string]*lifetime
	reads   map[string]bool // the steps that an output reads

	facts lint.File  // for the warnings at the end
	about *lint.Step // the step being checked
}

// World is what a skill can reach for.
type World struct {
	Catalogue *step.Catalogue
	// Skill finds another skill by its name, for `uses: skill:NAME`; beside is the file
	// that calls it. The error says what to do. It may be nil: then there are no others.
	Skill func(beside, name string) (file string, text []byte, err error)
	// StepType finds the step type that a file declares, for `uses: NAME` of one that
	// the catalogue does not have; beside is the file that uses it. The error has the
	// code not_found when there is none either. It may be nil.
	StepType func(beside, name string) (file string, text []byte, err error)
	// Schema is what a pinned argument has to be, by the schemas that are kept beside a
	// file; known is false where none are. The error has the code not_found when this one
	// is not among them. It may be nil.
	Schema func(beside string, p step.Pin) (in types.Type, known bool, err error)
	// Lint adds the warnings of package lint about the file itself. They are for whoever
	// writes skills: whoever runs one cannot change it.
	Lint bool
	// Watch is told what the check comes across; nil is nobody.
	Watch *Watch
}

// lifetime is a sequence whose results live and end together: the skill's own
// steps, the steps of one item of a loop, or those of a remedy. A plain group
// inside is one of its nodes, with all that stands in it.
type lifetime struct {
	outer *lifetime
	loop  string // the loop whose result is made of these steps, or ""
	nodes []*program.Node
	at    int            // the node being checked
	ids   []string       // of the steps that belong here
	home  map[string]int // id -> the node in which it stands
	last  map[string]int // id -> the last node that reads it
	kept  bool           // the loop's break_if reads them when all of them are over
}

// session is what the files of one check share.
type session struct {
	world World
	// found are the files of what was called, each looked for once.
	found map[sought]found
	// known are the skills and step types that were called, by their files, nil for one
	// with mistakes: each is checked once.
	known map[string]*Skill
	// trial is what all evaluations that try what a text may come to use up
	// together; what is beyond it is not tried.
	trial *fuel.Tank
}

// sought is a name in a file that calls it, and found what came of looking for it.
type (
	sought struct {
		beside, key string
	}
	found struct {
		file string
		text []byte
		err  error
	}
)

// earlyReturn is a return, as the outputs it names are checked against them.
type earlyReturn struct {
	at     diag.Range
	values []earlyOutput
}

// view is what can be seen at a place of the file. It is a value: a walk into
// something nested keeps the one it came with, and goes back to it.
type view struct {
	steps []*result             // that have run, in the order of the file; never changed in place
	under []condition           // that hold here, from the outside in
	names []types.Field         // loop variables, error, result
	trust map[string]expr.Trust // how far loop variables can be trusted; never changed in place
	where []enclosure           // what stands around, from the outside in
	scope *expr.Scope           // of all that; nil when it is not made yet
	known *known                // what steps come to; nil when it is not made yet
}

// Skill is a checked skill. Its exported fields describe it; [Skill.Bind]
// makes it runnable.
type Skill struct {
	Name        string
	Description string
	Version     string
	File        string // where it was read from
	Text        []byte
	Inputs      types.Type // an object
	Config      types.Type // an object
	Secrets     types.Type // an object: those of the site that it declares
	Outputs     types.Type // an object; what a return may leave out is optional
	Identity    []string   // bare expressions
	Timeout     string     // a duration, or ""
	// Concurrency holds texts with ${{ }}; it is nil when the skill may run
	// beside others.
	Concurrency *program.Concurrency
	Effect      step.Effect // of a step type; "" is a skill
	Steps       []program.Node
	Uses        []step.Step // the step types it and what it calls use, each once, in order of first use
	Reaches     []Need      // the services its steps and those of what it calls name, as often as they do
	Services    []string    // their names and that of the lock, each once, sorted
	NeedsSecret []Need      // the secrets of the site that it and what it calls declare

	lock     []Need            // of a lock that every site has
	calls    map[string]*Skill // the skills and the declared step types that it calls, by program.Call.Key
	isType   bool              // the file declares a step type
	size     int               // how many steps it has, with those of what it calls
	outputs  []program.Output
	places   map[string]diag.Range // of inputs and config names: "inputs.x"; of "concurrency.group" and its like
	defaults map[string]any        // "inputs.x" -> a default with ${{ }}
}

// Need is a service that a step or a lock reaches, and the kind that it has to
// be of: the family of the step.
type Need struct {
	Service, Kind string
	At            diag.Range // where the skill says so
}

var idPattern = types.Pattern(`^[a-z][a-z0-9_]*$`)

type earlyOutput struct {
	key, value *syntax.Node
	data       any
	typ        types.Type
}

// result is what a step gives to those that see it.
type result struct {
	id  string
	typ types.Type
	// parts are of the conditions under which the step runs, seen from here.
	parts []string
	// ofError says that a part asks for `error`, which means something else
	// inside of another rescue.
	ofError bool
	// unsure says that it may be absent whatever conditions hold.
	unsure bool
	// trust is that of the values of a set, by their names.
	trust map[string]expr.Trust
}

type condition struct {
	expr    *expr.Expr
	known   expr.Known // what follows from it
	parts   []string   // its conjuncts, in one spelling; none when it does not hold
	ofError bool
	follows []string // what leaves no doubt about itself here, in one spelling
}

// place is where a step stands, for whoever reads it where it cannot be read.
type place struct {
	at     diag.Range // of its id
	where  []enclosure
	kind   string // its kind, "" when it is unclear
	looped bool
}

// enclosure is something that stands around a step and closes it in.
type enclosure struct {
	kind  string // one of the words below
	id    string // of the step it belongs to
	child int    // inParallel: which of the group's steps
}

// What closes a step in: what the steps inside give cannot be read from
// outside, or not by their neighbours.
const (
	inLoop     = "loop"
	inRemedy   = "cure"
	inParallel = "parallel group"
	inAlways   = "always"
)

func (p place) hasResult() bool {
	switch p.kind {
	case "assert", "fail", "return":
		return false
	case "steps":
		return p.looped
	}
	return true
}
