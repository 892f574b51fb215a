// Package mcp holds the steps that call tools of MCP servers.
//
// A server is a service of the configuration: a program that is started for each call,
// or a url. The JSON Schema of a tool is the contract with it, and a skill names that
// by its digest: a tool whose schema has another digest is not called, whatever it would
// take. What a server says is data: its texts are never evaluated, and nothing that it
// asks for (sampling, elicitation, roots) is given.
//
// mcp_read is for tools that only look, mcp_call for those that change something; which
// they are, only the author of the skill can know: a server's own hints decide nothing.
// Whether a call has happened whose answer was lost, no one can ask, so a person says it.
package mcp

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Service is one server: a program, or where it is reached.
type Service struct {
	Command   []string          // the program and its arguments; nil for a url
	Env       map[string]string // its variables, and no others
	URL       string
	Token     types.Secret // for the url; zero for none
	Transport http.RoundTripper
	Timeout   time.Duration // of one call with all that leads to it; 0 is a minute
}

// ToolError is the code of a tool's own answer that it failed.
const ToolError types.Code = "tool_error"

// In are the arguments of both steps.
type In struct {
	Service   string         `json:"service,omitempty" default:"mcp" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the mcp service in the configuration."`
	Tool      string         `json:"tool" trusted:"true" doc:"The name of the tool."`
	Schema    string         `json:"schema" trusted:"true" pattern:"^sha256:[0-9a-f]{64}$" doc:"The digest of the tool's schemas, as skillrun doctor lists it. A tool whose schemas have another digest is not called."`
	Arguments map[string]any `json:"arguments,omitempty" doc:"The arguments of the tool."`
}

// Out is the result of a tool.
type Out struct {
	Text       string `json:"text" doc:"Its texts, one after the other, each from a new line."`
	Structured *any   `json:"structured,omitempty" doc:"Its structured content."`
	Other      int    `json:"other" doc:"How many parts of the result are neither text nor readable as JSON, such as images: they are left out."`
}

type family struct{ services map[string]Service }

func (f family) connect(name string) (Service, string, error) {
	s, name, err := step.Pick(f.services, "mcp", name)
	if err == nil && (len(s.Command) > 0) == (s.URL != "") {
		err = types.Errorf(types.BadInput, "service %s has neither a command nor a url, or both", name).WithHint("give it one of them in skillrun.yaml")
	}
	return s, name, err
}

var (
	schemaPattern = types.PatternOf[In]("schema")
	notSent       = []types.Code{types.NotFound, types.Auth, types.Network, types.Timeout, types.Unavailable, types.RateLimited, types.Forbidden}
)

func (in In) check(unknown step.UnknownPaths) error {
	if !unknown.Has("schema") && !schemaPattern().MatchString(in.Schema) {
		return types.Errorf(types.BadInput, "%q is not the digest of a schema", in.Schema).WithHint("write sha256:… as skillrun doctor lists it for the tool")
	}
	return nil
}

// pin is the tool that a call names.
func (in In) pin() step.Pin {
	return step.Pin{Service: cmp.Or(in.Service, "mcp"), Name: in.Tool, Digest: in.Schema, Argument: "arguments"}
}

func (f family) read(ctx context.Context, in In) (Out, error) {
	return f.call(ctx, in, func(what string, err error) error {
		return rest.Transport(http.MethodGet, what, err)
	})
}

func (f family) write(ctx context.Context, in In) (Out, error) {
	return f.call(ctx, in, func(what string, err error) error {
		return types.Errorf(types.UnknownOutcome, "%s: the call was sent and the answer was lost: %w", what, err).
			WithHint("check whether the tool did its work, and say it with skillrun resolve")
	})
}

// find has nothing to ask: nothing speaks against the first call, and nothing for a
// second.
func (f family) find(ctx context.Context, _ step.Key, in In) (step.Found[Out], error) {
	if step.CallOf(ctx).AfterUnknown {
		return step.Inconclusive[Out]("check whether tool " + in.Tool + " of service " + in.Service + " did its work"), nil
	}
	return step.Absent[Out](), nil
}

func preview(_ context.Context, in In, unknown step.UnknownPaths) (step.Prediction[Out], error) {
	p := step.Prediction[Out]{Change: step.Change{Title: "call a tool"}, Unknown: step.UnknownPaths{""}}
	if !unknown.Has("tool") {
		p.Change.Title = "call " + in.Tool + " of " + in.Service
	}
	args, _ := json.Marshal(in.Arguments)
	if !unknown.Has("arguments") && len(in.Arguments) > 0 {
		p.Change.Fields = []step.FieldChange{{Name: "arguments", Value: string(args)}}
	}
	return p, nil
}

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{
		Name: "mcp", Network: true, Keys: map[string][]string{"command": nil, "pass_env": nil, "secret_env": nil},
		Example: "url: https://mcp.example.com, token: env:TOKEN",
	}
}

// Steps returns the family, built on the configured services by name. With nil it can
// be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Picking(step.Pinned(step.Checked(step.Read("mcp_read", "Call a tool of an MCP server that only reads.", f.read).
			Requires(toReach).Touches("mcp", "tool", "read").Errors(append([]types.Code{types.Conflict, ToolError}, notSent...)...), In.check), In.pin)),
		step.Pinned(step.Checked(step.Write("mcp_call", "Call a tool of an MCP server that changes something.", f.write, step.Find(f.find), step.Preview(preview)).
			Requires(toReach).Touches("mcp", "tool", "call").Errors(append([]types.Code{types.Conflict, ToolError}, notSent...)...), In.check), In.pin),
	}
}

// toReach is what a step needs of a server; see [step.Need].
const toReach = "reach"

// Examine returns what asks a server for its tools, and whether their schemas are those
// that the skill names.
func Examine(services map[string]Service) step.Examine {
	f := family{services}
	return func(ctx context.Context, name string, uses []step.Use, _ time.Time) []step.Finding {
		tools, err := f.tools(ctx, name)
		if err != nil {
			return []step.Finding{step.Failed("server", err)}
		}
		var out []step.Finding
		for _, tool := range types.SortedKeys(tools) {
			out = append(out, step.Finding{Subject: "tool " + tool, Detail: tools[tool].Digest()})
		}
		for _, u := range uses {
			if tool, schema := u.Text("tool"), u.Text("schema"); tool != "" && schema != "" {
				if err := fits(name, tool, schema, tools); err != nil {
					out = append(out, step.Failed("step "+u.Node, err))
				}
			}
		}
		return out
	}
}

// Schemas returns what lists the schemas of the tools of a service, by their names.
func Schemas(services map[string]Service) func(ctx context.Context, service string) (map[string]step.Schema, error) {
	return family{services}.tools
}

// fits says why a tool is not the one that a skill was written for.
func fits(service, tool, schema string, tools map[string]step.Schema) error {
	is, there := tools[tool]
	switch {
	case !there:
		return types.Errorf(types.NotFound, "service %s has no tool %s", service, tool).WithHint("it has %s", strings.Join(types.SortedKeys(tools), ", "))
	case is.Digest() != schema:
		return types.Errorf(types.Conflict, "the schema of tool %s of service %s has changed: it is %s now", tool, service, is.Digest()).
			WithHint("see what has changed, adapt the arguments, and write the new digest as schema; nothing was called")
	}
	return nil
}
