// Package engine is skillrun's engine: it checks skills written in YAML and
// runs them durably.
//
// # The rooms, bottom-up
//
//	diag             what is wrong, where, and what to do about it
//	types            what a value can be, and the closed list of error codes
//	expr             ${{ }}: parse, type-check, evaluate; deterministic, fuelled
//	step             what a step is: typed function, name, sentence, effect
//	lang/syntax      YAML bytes -> tree with a range on every node
//	lang/format      a file's text -> its canonical form
//	lang/lint        warnings about a skill without mistakes
//	lang/check       tree + catalogue -> typed skill; skill + inputs -> program
//	lang/index       what the checker saw, for editors
//	program          the waist: a checked skill with inputs bound; plain data
//	machine          program + history -> next actions; pure
//	plan             what people see before anything is written
//	config           skillrun.yaml
//	runtime/journal  durable history
//	runtime/protocol decides what is next about a write; pure
//	runtime          what the engine knows of whoever performs runs
//	runtime/local    performs actions on this machine
//	runtime/dry      predicts writes
//
// Arrows go one way, down this list's imports; imports_test.go holds the table.
//
// # A run, end to end
//
//	YAML ── syntax ──> tree ── check ──> Skill ── Bind(inputs, config) ──> Program
//	                                                                         │
//	          journal <── events ── runtime/local <── actions ── machine <───┘
//	                                     │
//	                                  step.Do / step.Find ──> the world
//
// The checker finds every mistake before anything runs. The program that is
// left is data. The machine folds the program and the events so far into the
// next actions; the runtime performs them and writes down what came of it
// before it tells the machine. Killing the process at any point loses nothing
// but the answer of the call in flight, and a write whose answer is lost is
// looked for before it is sent again (runtime/protocol).
//
// # Where things go
//
// What needs the world is a step. What needs time, order or a person is
// language, and lives in machine as an event. A new check is a case in
// lang/check and a line in its testdata, a new warning a file in lang/lint. A new
// verb is a file in cmd/skillrun/internal/cli.
package engine
