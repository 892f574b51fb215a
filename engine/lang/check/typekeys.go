package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/step"
)

// The keys of a file that declares a step type.
var stepTypeKeys = keys.Mapping{
	{Name: "language", Doc: "The version of the language; the first key where it is given.", Value: keys.Integer(1, 1)},
	{Name: "name", Doc: "The name of the file, without `.yaml`, by which steps use it.", Value: keys.Matching(idText), Required: true},
	{Name: "doc", Doc: "What it does: one sentence, with a full stop.", Value: keys.Matching(`\.$`), Required: true},
	{Name: "effect", Doc: "`read`: it changes nothing; `local`: it changes a workspace only, and has `steps`; `write`: it changes what others see.", Value: keys.Word(effects...), Required: true},
	{Name: "config", Doc: "Values of skillrun.yaml that it reads, by name: those for all skills.", Value: keys.Named(idText, keys.Of("declaration"))},
	{Name: "secrets", Doc: "Secrets of skillrun.yaml that it uses, by name.", Value: keys.Named(idText, keys.Of("secret"))},
	{Name: "inputs", Doc: "Its arguments, by name, each with a description.", Value: keys.Named(idText, keys.Of("argument"))},
	{Name: "exec", Doc: "The program that it runs: the arguments of `exec`, or of `exec_read` when the effect is `read`.", Value: keys.MapOf(keys.Value())},
	{Name: "http", Doc: "The request that it sends: the arguments of `http_request`, or of `http_get` or `http_query` when the effect is `read`.", Value: keys.MapOf(keys.Value())},
	{Name: "mcp", Doc: "The tool that it calls: the arguments of `mcp_call`, or of `mcp_read` when the effect is `read`.", Value: keys.MapOf(keys.Value())},
	{Name: "steps", Doc: "The steps that it consists of, as in a skill.", Value: stepList()},
	{Name: "errors", Doc: "Of exec, http and mcp: the message that people see, by error code.", Value: keys.MapOf(keys.Text())},
	{Name: "retry", Doc: "Of exec, http and mcp: further attempts when it fails.", Value: keys.Of("retry")},
	{Name: "repeatable", Doc: "Of exec, http and mcp that write: `true` says that it is safe to do it again.", Value: keys.Flag()},
	{Name: "timeout", Doc: "How long it may take; with `steps`, with all attempts of the step that uses it.", Value: keys.Duration()},
	{Name: "preview", Doc: "Of exec, http and mcp that write: what a plan shows beside the program or the request.", Value: keys.Of("preview")},
	{Name: "undo", Doc: "Of exec and http that write: the arguments of the call that takes it back.", Value: keys.MapOf(keys.Value())},
	{Name: "outputs", Doc: "Its result, by name: for each a type and a `value`.", Value: keys.Named(idText, keys.Of("output"))},
}

// outputKeys are those of an output of a step type: a declaration without the keys of
// what is given, and with a value.
var outputKeys = slices.Concat(declarationKeys.Without("required", "default"), keys.Mapping{
	{Name: "value", Doc: "What the output is, such as `${{ steps.exec.stdout }}`.", Value: keys.Value(), Required: true},
})

var previewKeys = keys.Mapping{
	{Name: "title", Doc: "What is about to be written, in a line.", Value: keys.Text()},
	{Name: "fields", Doc: "Names with values that are shown beside the program or the request.", Value: keys.MapOf(keys.Value())},
}

// bodyKeys are what a step type does: it has one of them.
var bodyKeys = []string{"exec", "http", "mcp", "steps"}

// ofOneCall are the keys that say something about a program, a request or a tool only.
var ofOneCall = []string{"errors", "retry", "repeatable"}

// BodyKeys are the keys of which a step type has one.
func BodyKeys() []string { return slices.Clone(bodyKeys) }

// OfOneCall are the keys of a step type that do not go with steps.
func OfOneCall() []string { return append(slices.Clone(ofOneCall), "preview", "undo") }

// Body is a key of a step type whose arguments are those of a built-in one.
type Body struct {
	Key    string      // exec, http or mcp
	Effect step.Effect // of the step type
	Uses   string      // the built-in one
	// Method is the method of a request for which it is this one, "" for any other.
	Method string
}

// Bodies are what a step type can be instead of steps. Of two for one key and effect, the
// first is the one whose method is given.
func Bodies() []Body {
	return []Body{
		{"exec", step.Reads, "exec_read", ""}, {"exec", step.Writes, "exec", ""},
		{"http", step.Reads, "http_query", "POST"}, {"http", step.Reads, "http_get", ""}, {"http", step.Writes, "http_request", ""},
		{"mcp", step.Reads, "mcp_read", ""}, {"mcp", step.Writes, "mcp_call", ""},
	}
}
