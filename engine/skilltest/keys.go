package skilltest

import (
	"math"

	"github.com/skillrun/skillrun/engine/lang/keys"
)

// Keys are all keys of a file of tests with what they mean, by where they stand: at the
// top, in the defaults, in a case, in an answer, in what is expected, and in an error
// that is.
func Keys() map[string]keys.Mapping {
	return map[string]keys.Mapping{
		"tests": topKeys, "defaults": defaultKeys, "case": caseKeys, "answer": answerKeys(),
		"expect": expectKeys, "error": errorKeys,
	}
}

var topKeys = keys.Mapping{
	{Name: "language", Doc: "The version of the language.", Value: keys.Integer(1, 1)},
	{Name: "defaults", Doc: "What all cases are given.", Value: keys.Of("defaults")},
	{Name: "cases", Doc: "The cases, each a run of the skill.", Value: keys.SomeOf(keys.Of("case")), Required: true},
}

var defaultKeys = keys.Mapping{
	{Name: "inputs", Doc: "The inputs of the skill.", Value: keys.MapOf(keys.Data())},
	{Name: "config", Doc: "Its configuration; what it calls reads the same.", Value: keys.MapOf(keys.Data())},
	{Name: "program", Doc: "What `run.program` is, `skillrun` where it is left out.", Value: keys.Literal()},
	{Name: "now", Doc: "The time at which the run starts, `2026-01-15T10:00:00Z` where it is left out.", Value: keys.Format("date-time")},
	{Name: "timezone", Doc: "The zone of dates, UTC where it is left out.", Value: keys.Literal()},
	{Name: "answers", Doc: "What each step answers, by its name: always the same, or one after the other.", Value: keys.MapOf(keys.Of("answer").OrElse(keys.SomeOf(keys.Of("answer"))))},
}

var caseKeys = append(keys.Mapping{
	{Name: "name", Doc: "What the case is about; each name once in a file.", Value: keys.Literal(), Required: true},
	{Name: "world", Doc: "`sandbox` runs the case for real, in a sandbox of its own.", Value: keys.Word(Sandbox)},
	{Name: "again", Doc: "The number of `--again`.", Value: keys.Integer(0, math.MaxInt32)},
	{Name: "expect", Doc: "What has to be so in the end.", Value: keys.Of("expect")},
}, defaultKeys...)

var expectKeys = keys.Mapping{
	{Name: "state", Doc: "How the run ends: `done` where it is left out, `failed` where an error is expected.", Value: keys.Word(runStates...)},
	{Name: "error", Doc: "The code of the failure, or more of it.", Value: keys.Literal().OrElse(keys.Of("error"))},
	{Name: "outputs", Doc: "The outputs; `null` is one that is absent.", Value: keys.MapOf(keys.Data())},
	{Name: "calls", Doc: "The arguments of a step; a list when it is called several times, `[]` when it is not.", Value: calls()},
	{Name: "steps", Doc: "What became of a step.", Value: keys.MapOf(keys.Word(stepStates...))},
	{Name: "writes", Doc: "The steps that wrote, in their order; `[]` when nothing was written.", Value: keys.ListOf(keys.Literal())},
	{Name: "undo", Doc: "The arguments of the call that would take back what a step of a step type wrote.", Value: calls()},
}

func calls() keys.Shape {
	return keys.MapOf(keys.MapOf(keys.Data()).OrElse(keys.ListOf(keys.MapOf(keys.Data()))))
}

var errorKeys = keys.Mapping{
	{Name: "code", Doc: "Its code.", Value: keys.Literal()},
	{Name: "message", Doc: "What the message contains.", Value: keys.Literal()},
	{Name: "step", Doc: "The step that failed.", Value: keys.Literal()},
}

// AnswerKind is a key of which an answer has one, and what goes with it.
type AnswerKind struct {
	Key  keys.Key
	With keys.Mapping
}

// AnswerKinds are the kinds of answers.
func AnswerKinds() []AnswerKind { return answerKinds }

var answerKinds = []AnswerKind{
	{keys.Key{Name: "returns", Doc: "The result of the step; what is left out is not known.", Value: keys.MapOf(keys.Data())}, keys.Mapping{after}},
	{keys.Key{Name: "fails", Doc: "The step fails with this error code.", Value: keys.Literal()}, keys.Mapping{
		{Name: "message", Doc: "The message of the error.", Value: keys.Literal()},
		{Name: "details", Doc: "Its details.", Value: keys.MapOf(keys.Data())}, after}},
	{keys.Key{Name: "approves", Doc: "Who agrees, of an `approve`.", Value: keys.Literal()}, keys.Mapping{after}},
	{keys.Key{Name: "rejects", Doc: "Who does not, of an `approve`.", Value: keys.Literal()}, keys.Mapping{after}},
}

var after = keys.Key{Name: "after", Doc: "How long the answer takes, by the clock of the case.", Value: keys.Duration()}

// answerKeys are the keys of answers of all kinds.
func answerKeys() (out keys.Mapping) {
	for _, k := range answerKinds {
		for _, key := range append(keys.Mapping{k.Key}, k.With...) {
			if !out.Has(key.Name) {
				out = append(out, key)
			}
		}
	}
	return out
}
