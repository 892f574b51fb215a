package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/types"
)

// Keys are all keys of the language with what they mean, by where they stand: at the top
// of a skill, in a step, in its await, its approve and its retry, in the declaration of
// an input, a config value, a secret or an output, in concurrency, in the lock of that,
// and at the top of a step type. The checker refuses what is not here; editors, schemas,
// pages and tests tell of the same.
func Keys() map[string]keys.Mapping {
	return map[string]keys.Mapping{
		"skill": skillKeys, "step": stepKeys(), "await": awaitKeys, "approve": approveKeys, "retry": retryKeys,
		"declaration": declarationKeys, "argument": argumentKeys, "secret": secretKeys, "output": outputKeys, "concurrency": concurrencyKeys, "lock": lockKeys,
		"step type": stepTypeKeys, "preview": previewKeys,
	}
}

const (
	idText   = `^[a-z][a-z0-9_]*$`
	usesText = `^(skill:)?[a-z][a-z0-9_]*$`
)

var skillKeys = keys.Mapping{
	{Name: "language", Doc: "The version of the language; the first key where it is given.", Value: keys.Integer(1, 1)},
	{Name: "name", Doc: "The name of the file, without `.yaml`.", Value: keys.Matching(idText), Required: true},
	{Name: "description", Doc: "What the skill does, for people who choose one.", Value: keys.Literal()},
	{Name: "version", Doc: "The version of the skill, for people.", Value: keys.Literal()},
	{Name: "identity", Doc: "Expressions over `inputs` and `config`. Runs for which they have the same values are the same work.", Value: keys.SomeOf(keys.Expression())},
	{Name: "concurrency", Doc: "Runs of one group do not write at the same time: its name, or `group` and `lock`.", Value: keys.Text().OrElse(keys.Of("concurrency"))},
	{Name: "timeout", Doc: "How long a run may take.", Value: keys.Duration()},
	{Name: "inputs", Doc: "What a run is given, by name.", Value: keys.Named(idText, keys.Of("declaration"))},
	{Name: "config", Doc: "What differs from site to site, by name; the values come from skillrun.yaml.", Value: keys.Named(idText, keys.Of("declaration"))},
	{Name: "secrets", Doc: "The credentials that the skill needs itself, by name; where they are stands in skillrun.yaml.", Value: keys.Named(idText, keys.Of("secret"))},
	{Name: "steps", Doc: "What the skill does, one after the other.", Value: stepList(), Required: true},
	{Name: "outputs", Doc: "What the skill gives, by name. One that is called `summary` is printed first.", Value: keys.Named(idText, keys.Value())},
}

var declarationKeys = keys.Mapping{
	{Name: "type", Doc: "What the value is.", Value: keys.Word("string", "integer", "number", "boolean", "array", "object"), Required: true},
	{Name: "description", Doc: "What it is for; shown with the skill and with errors.", Value: keys.Literal()},
	{Name: "required", Doc: "It has to be given, and has no default.", Value: keys.Flag()},
	{Name: "default", Doc: "The value when none is given. It may be an expression such as `${{ today() }}`, and may read `config`.", Value: keys.Value()},
	{Name: "enum", Doc: "Of a string: the only ones allowed.", Value: keys.SomeOf(keys.Literal())},
	{Name: "pattern", Doc: "Of a string: a regular expression (RE2) that it has to match. It is not anchored: write `^` and `$`.", Value: keys.Literal()},
	{Name: "format", Doc: "Of a string: what it is.", Value: keys.Word(types.Formats()...)},
	{Name: "minimum", Doc: "Of a number: the least.", Value: keys.AnyInteger()},
	{Name: "maximum", Doc: "Of a number: the greatest.", Value: keys.AnyInteger()},
	{Name: "items", Doc: "Of an array: what its elements are.", Value: keys.Of("declaration")},
	{Name: "properties", Doc: "Of an object: its members. Without it, any member is allowed.", Value: keys.MapOf(keys.Of("declaration"))},
	{Name: "secret", Doc: "Of an input or an output of a step type: it is a secret, and nothing prints it.", Value: keys.Flag()},
}

// argumentKeys are those of an input of a step type, which whoever uses it reads of.
var argumentKeys = func() keys.Mapping {
	out := slices.Clone(declarationKeys)
	out[slices.IndexFunc(out, func(k keys.Key) bool { return k.Name == "description" })].Required = true
	return out
}()

var secretKeys = keys.Mapping{
	{Name: "description", Doc: "What the secret is for; whoever configures it reads this.", Value: keys.Literal(), Required: true},
}

var concurrencyKeys = keys.Mapping{
	{Name: "group", Doc: "The name of the group; it may read `inputs` and `config`.", Value: keys.Text(), Required: true},
	{Name: "lock", Doc: "Where machines share the lock of the group; without it, the lock is this machine's.", Value: keys.Of("lock")},
}

var lockKeys = keys.Mapping{
	{Name: "repo", Doc: "A git repository that all of the machines can push to.", Value: keys.Text(), Required: true},
	{Name: "service", Doc: "The git service in skillrun.yaml, `git` where it is left out.", Value: keys.Literal()},
}

// ofTypes are the types for which a key of a declaration says something; the others are
// for all of them.
var ofTypes = map[string][]string{
	"enum": {"string"}, "pattern": {"string"}, "format": {"string"},
	"minimum": {"integer", "number"}, "maximum": {"integer", "number"},
	"items": {"array"}, "properties": {"object"},
}

// OfTypes returns the types for which a key of a declaration says something, none for
// all.
func OfTypes(key string) []string { return ofTypes[key] }

// KindOf is the kind of what a declaration calls a type.
func KindOf(word string) types.Kind { return jsonKinds[word] }

// modifier is a key that several kinds may have.
type modifier struct {
	key   keys.Key
	kinds []string // none is all of them
}

var modifiers = []modifier{
	{keys.Key{Name: "id", Doc: "The name of the step, by which later ones read its result. It is unique in the file.", Value: keys.Matching(idText), Required: true}, nil},
	{keys.Key{Name: "name", Doc: "The title that is displayed.", Value: keys.Text()}, nil},
	{keys.Key{Name: "if", Doc: "A condition. Where it is false, the step is skipped and its result is absent.", Value: keys.Condition()}, nil},
	{keys.Key{Name: "for_each", Doc: "An expression that gives a list: the step is done once for each item, which is called `item`.", Value: keys.Expression()}, loopable},
	{keys.Key{Name: "as", Doc: "Another name for the item of `for_each`.", Value: keys.Matching(idText), Needs: "for_each"}, loopable},
	{keys.Key{Name: "key", Doc: "An expression that tells the items of `for_each` apart: a unique string, integer or boolean.", Value: keys.Expression(), Needs: "for_each"}, loopable},
	{keys.Key{Name: "max_parallel", Doc: "How many items, or steps of a parallel group, run at a time.", Value: keys.Integer(1, maxParallel)}, loopable},
	{keys.Key{Name: "on_item_error", Doc: "What happens when an item fails; `stop` is the default.", Value: keys.Word("stop", "continue"), Needs: "for_each"}, loopable},
	{keys.Key{Name: "break_if", Doc: "A condition asked behind each item, which reads the item and `result`. Where it is true, no further item begins.", Value: keys.Condition(), Needs: "for_each"}, loopable},
	{keys.Key{Name: "retry", Doc: "Further attempts when the step fails.", Value: keys.Of("retry")}, []string{"uses", "steps"}},
	{keys.Key{Name: "timeout", Doc: "How long all attempts together may take; then the step fails with `timeout`.", Value: keys.Duration()}, []string{"uses", "steps"}},
	{keys.Key{Name: "on_error", Doc: "What happens when the step fails. With `continue` the skill continues, and the result is absent; `stop` is the default.", Value: keys.Word("stop", "continue")}, []string{"uses", "await", "steps"}},
	{keys.Key{Name: "errors", Doc: "The message that people see, by error code; it may read `error`.", Value: keys.MapOf(keys.Text())}, []string{"uses", "await"}},
	{keys.Key{Name: "repeatable", Doc: "`true` on a write: it is safe to do it again.", Value: keys.Flag()}, []string{"uses"}},
}

// loopable are the kinds that a loop may stand around.
var loopable = []string{"uses", "set", "assert", "approve", "await", "steps"}

// ofLoops are the modifiers that say something about for_each only.
var ofLoops = func() (out []string) {
	for _, m := range modifiers {
		if m.key.Needs == "for_each" {
			out = append(out, m.key.Name)
		}
	}
	return out
}()

// Kind is a key of which a step has one, and the keys that go with it.
type Kind struct {
	Key  keys.Key
	With keys.Mapping
}

// Kinds are the kinds of steps.
func Kinds() []Kind { return kinds }

var kinds = []Kind{
	{keys.Key{Name: "uses", Doc: "Runs a step type, or another skill: `skill:NAME`.", Value: keys.Matching(usesText)},
		keys.Mapping{{Name: "with", Doc: "The arguments of the step type, or the inputs of the skill.", Value: keys.MapOf(keys.Value())}}},
	{keys.Key{Name: "set", Doc: "Names values: `steps.ID.NAME`.", Value: keys.Named(idText, keys.Value())}, nil},
	{keys.Key{Name: "assert", Doc: "A condition. The step fails unless it is true.", Value: keys.Condition()},
		keys.Mapping{{Name: "message", Doc: "What is wrong where the condition is false, and what to do.", Value: keys.Text(), Required: true}, codeKey}},
	{keys.Key{Name: "fail", Doc: "Fails with this message.", Value: keys.Text()}, keys.Mapping{codeKey}},
	{keys.Key{Name: "approve", Doc: "Shows what is about to be written, and waits until a person agrees: the question, or who may answer it.", Value: keys.Text().OrElse(keys.Of("approve"))},
		keys.Mapping{{Name: "show", Doc: "A value that is shown with the question.", Value: keys.Value()}}},
	{keys.Key{Name: "await", Doc: "Repeats a read until a condition is true.", Value: keys.Of("await")}, nil},
	{keys.Key{Name: "steps", Doc: "A group of steps.", Value: stepList()}, keys.Mapping{
		{Name: "parallel", Doc: "`true`: the steps of the group run in parallel, and cannot read each other.", Value: keys.Flag()},
		{Name: "rescue", Doc: "Steps that run when those of the group failed; they may read `error`. When they succeed, so does the group.", Value: stepList()},
		{Name: "always", Doc: "Steps that run last, also when the group failed, was cancelled or timed out.", Value: stepList()}}},
	{keys.Key{Name: "return", Doc: "Ends the skill successfully, and gives values to outputs.", Value: keys.MapOf(keys.Value())}, nil},
}

// codeKey is the key of what fails.
var codeKey = keys.Key{Name: "code", Doc: "The error code of the failure, `invalid` where it is left out.", Value: keys.Word(codeNames(types.Codes())...)}

func stepList() keys.Shape { return keys.SomeOf(keys.Of("step")) }

var awaitKeys = keys.Mapping{
	{Name: "uses", Doc: "The step type that is repeated: one that reads.", Value: keys.Matching(idText), Required: true},
	{Name: "with", Doc: "Its arguments.", Value: keys.MapOf(keys.Value())},
	{Name: "until", Doc: "The condition that is waited for; it reads `result`.", Value: keys.Condition(), Required: true},
	{Name: "on", Doc: "Error codes with which it asks again, such as `[not_found]`.", Value: keys.SomeOf(keys.Literal())},
	{Name: "fail_if", Doc: "A condition that reads `result`. Where it is true, the step fails with `message` and `code`.", Value: keys.Condition()},
	{Name: "message", Doc: "What is wrong where `fail_if` is true, and what to do.", Value: keys.Text()},
	{Name: "code", Doc: "The error code of `fail_if`, `conflict` where it is left out.", Value: codeKey.Value},
	{Name: "every", Doc: "The time between two reads, `30s` where it is left out.", Value: keys.Duration()},
	{Name: "timeout", Doc: "How long it waits; then the step fails with `timeout`.", Value: keys.Duration()},
}

// approveKeys are those of an approve that is more than a text: ruleKeys say who
// may agree, awaitedKeys belong to the service that knows who did.
var approveKeys = keys.Mapping{
	{Name: "text", Doc: "What is to be approved.", Value: keys.Text(), Required: true},
	{Name: "uses", Doc: "A read that reports who approved, at a service that authenticates them.", Value: keys.Matching(idText)},
	{Name: "by", Doc: "The users and groups who may approve; with `uses`.", Value: keys.ListOf(keys.Text()), Needs: "uses"},
	{Name: "not", Doc: "Whoever asked may not approve; with `uses`.", Value: keys.Word("requester"), Needs: "uses"},
	{Name: "with", Doc: "The arguments of `uses`.", Value: keys.MapOf(keys.Value()), Needs: "uses"},
	{Name: "every", Doc: "The time between two reads, `30s` where it is left out; with `uses`.", Value: keys.Duration(), Needs: "uses"},
	{Name: "timeout", Doc: "How long it waits; with `uses`.", Value: keys.Duration(), Needs: "uses"},
}

var (
	ruleKeys    = []string{"by", "not"}
	awaitedKeys = []string{"with", "every", "timeout"}
)

var retryKeys = keys.Mapping{
	{Name: "attempts", Doc: "The maximum number of attempts, with the first.", Value: keys.Integer(2, maxAttempts), Required: true},
	{Name: "delay", Doc: "The delay before the second attempt; none where it is left out.", Value: keys.Duration()},
	{Name: "backoff", Doc: "The factor by which each further delay grows.", Value: keys.Number(1, 100), Needs: "delay"},
	{Name: "max_delay", Doc: "The longest delay.", Value: keys.Duration(), Needs: "delay"},
	{Name: "on", Doc: "The error codes that are retried; all but `cancelled` and `internal` where it is left out.", Value: keys.SomeOf(keys.Literal())},
	{Name: "if", Doc: "A condition that reads `error`: whether the step is tried again.", Value: keys.Condition()},
	{Name: "before", Doc: "Steps that run before each further attempt, such as logging in again.", Value: stepList()},
}
