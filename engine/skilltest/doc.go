// Package skilltest runs the tests that stand beside a skill or a step type: what
// NAME_test.yaml says of NAME.yaml. Nothing outside is reached: a test says what each
// step answers, and what it expects.
//
//	NAME_test.yaml ── Read ──> Suite ── Run(case) ──> Result
//	                   │                   │
//	      types of the skill and     machine.Machine, which is told the
//	      of its step types          answers instead of the world's
//
// # Answers
//
// An answer is checked against the type of its step before any case runs: a result
// that the step could not give, or a code that it could not fail with, is a
// diagnostic. What a result leaves out is not known ([types.Unknown]), as in a plan;
// a case in which something is decided by it, or sent, fails. So an answer holds what
// matters, and nothing is made up.
//
// # Names
//
// A step is named by its id, and one inside of what is called by the ids of the calls
// and its own, "tool/exec". Groups are not part of a name: ids are unique in a file.
// In a loop the name may be followed by the key of the item, "deploy[prod]".
//
// # Time
//
// A case has a clock of its own, which stands still while the skill computes, moves by
// what an answer says it took, and leaps over what is waited for. What is side by
// side takes turns in the order of the file, so that a case always goes the same way.
package skilltest
