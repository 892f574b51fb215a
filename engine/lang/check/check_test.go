package check_test

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// The catalogue of these tests: reads, one of which gives a secret and one of
// which runs a program, a local step and a write.

type readIn struct {
	Repo  string   `json:"repo" doc:"Repository." trusted:"true"`
	Tag   string   `json:"tag" doc:"Tag."`
	Limit int      `json:"limit,omitempty" doc:"At most so many." minimum:"1"`
	Names []string `json:"names,omitempty" doc:"Names."`
}

type cloneIn struct {
	Repo string `json:"repo" doc:"Repository."`
	Name string `json:"name,omitempty" doc:"The workspace." makes:"true"`
}

type commit struct {
	Sha string `json:"sha" doc:"SHA."`
}

type readOut struct {
	Digest  string   `json:"digest" doc:"Digest."`
	Size    int      `json:"size" doc:"Size."`
	State   string   `json:"state" doc:"State." enum:"open,closed"`
	Commits []commit `json:"commits" doc:"Commits."`
	Note    *string  `json:"note" doc:"A note, when there is one."`
}

type writeIn struct {
	Title string `json:"title" doc:"Title."`
}

type writeOut struct {
	Key string `json:"key" doc:"Key."`
}

type runIn struct {
	Args []string `json:"args" doc:"Arguments."`
}

type execIn struct {
	Program string   `json:"program" doc:"Program." trusted:"true"`
	Args    []string `json:"args,omitempty" doc:"Arguments."`
	Codes   []ruleIn `json:"codes,omitempty" doc:"Codes." literal:"true"`
	Dir     string   `json:"dir,omitempty" doc:"Workspace."`
}

type execWriteIn struct {
	execIn
	Find *execIn `json:"find" doc:"How to look."`
}

type ruleIn struct {
	Code types.Code `json:"code" doc:"Code."`
}

func codesOf(in execIn) (out []types.Code) {
	for _, r := range in.Codes {
		out = append(out, r.Code)
	}
	return out
}

type execOut struct {
	Stdout string `json:"stdout" doc:"Output."`
}

type getIn struct {
	Path string `json:"path" doc:"Path."`
}

type queryIn struct {
	getIn
	JSON *any `json:"json" doc:"JSON."`
}

type fetchIn struct {
	Service string `json:"service" doc:"Service." default:"store"`
	Key     string `json:"key" doc:"Key."`
}

type requestIn struct {
	getIn
	Method string `json:"method" doc:"Method." enum:"POST,PUT"`
	Find   *getIn `json:"find" doc:"How to look."`
}

type httpOut struct {
	Status int `json:"status" doc:"Status."`
}

type toolIn struct {
	Tool      string         `json:"tool" doc:"Tool."`
	Arguments map[string]any `json:"arguments,omitempty" doc:"Arguments."`
}

type toolOut struct {
	Text string `json:"text" doc:"Text."`
}

type sendIn struct {
	Token types.Secret            `json:"token,omitzero" doc:"A secret."`
	Many  map[string]types.Secret `json:"many,omitempty" doc:"Secrets."`
	Text  string                  `json:"text,omitempty" doc:"A text."`
	Any   any                     `json:"any,omitempty" doc:"Anything."`
}

type loginOut struct {
	User  string       `json:"user" doc:"User."`
	Token types.Secret `json:"token" doc:"Token."`
}

func catalogue() *step.Catalogue {
	read := func(context.Context, readIn) (readOut, error) { return readOut{}, nil }
	write := func(context.Context, writeIn) (writeOut, error) { return writeOut{}, nil }
	run := func(context.Context, runIn) (writeOut, error) { return writeOut{}, nil }
	clone := func(context.Context, cloneIn) (writeOut, error) { return writeOut{}, nil }
	exec := func(context.Context, execIn) (execOut, error) { return execOut{}, nil }
	execute := func(context.Context, execWriteIn) (execOut, error) { return execOut{}, nil }
	get := func(context.Context, getIn) (httpOut, error) { return httpOut{}, nil }
	query := func(context.Context, queryIn) (httpOut, error) { return httpOut{}, nil }
	fetch := func(context.Context, fetchIn) (readOut, error) { return readOut{}, nil }
	request := func(context.Context, requestIn) (httpOut, error) { return httpOut{}, nil }
	login := func(context.Context, writeIn) (loginOut, error) { return loginOut{}, nil }
	tool := func(context.Context, toolIn) (toolOut, error) { return toolOut{}, nil }
	send := func(context.Context, sendIn) (execOut, error) { return execOut{}, nil }
	return step.NewCatalogue([]step.Step{
		step.Picking(step.Read("send", "Send secrets.", send)),
		step.Read("login", "Log in.", login),
		step.Read("agreed", "Look who agreed.", agreed).Touches("store", "thing", "approve").Approving(),
		step.Read("look", "Look.", read).Errors(types.NotFound).Touches("store", "thing", "read"),
		step.Read("fetch", "Fetch.", fetch).Touches("store", "thing", "fetch"),
		step.Local("edit", "Edit.", write),
		step.Local("clone", "Clone.", clone),
		step.Read("run", "Run a program.", run).Touches("", "program", "run"),
		step.Write("make", "Make.", write).Touches("tracker", "issue", "create"),
		step.Coded(step.Read("exec_read", "Run a program.", exec).Touches("", "program", "run").Errors(types.NotFound), codesOf),
		step.Write("exec", "Run a program.", execute),
		step.Read("http_get", "Get.", get),
		step.Read("http_query", "Ask.", query),
		step.Write("http_request", "Ask.", request),
		step.Read("mcp_read", "Ask a tool.", tool),
		step.Write("mcp_call", "Call a tool.", tool),
	})
}

// world has the catalogue, and the skills of testdata/called by their names.
func world() check.World {
	in := func(folder string) func(beside, name string) (string, []byte, error) {
		return func(_, name string) (string, []byte, error) {
			file := folder + name + ".yaml"
			text, err := os.ReadFile(file)
			if err != nil {
				return "", nil, types.Errorf(types.NotFound, "no skill is named %q", name).WithHint("`skillrun list` shows the skills")
			}
			return file, text, nil
		}
	}
	return check.World{Catalogue: catalogue(), Skill: in("testdata/called/"), StepType: in("testdata/called/steps/")}
}

// TestDiagnostics: to add a case, add it to a file of testdata.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	diagtest.Run(t, func(name string, text []byte) diag.List {
		if name == "step_types.yaml" || name == "secret_types.yaml" {
			name = "steps/" + name
		}
		w := world()
		w.Lint = strings.HasPrefix(name, "lint") || name == "ignored.yaml"
		_, diags := check.File(name, text, w)
		return diags
	})
}

// TestManySteps: what a file of many steps costs is bounded, whether they have ids of their
// own or, by mistake, all the same.
func TestManySteps(t *testing.T) {
	const steps, most = 1400, 300 << 20 // as many as a file can hold
	for name, mistakes := range map[string]int{"a": steps - 1, "aN": 0} {
		text := "name: x\nsteps:\n"
		for n := range steps {
			text += "  - {id: " + strings.ReplaceAll(name, "N", strconv.Itoa(n)) + ", set: {b: 1}}\n"
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, diags := check.File("x.yaml", []byte(text), world())
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; len(diags) != mistakes || got > most {
			t.Errorf("%s: %d mistakes, %d MiB allocated", name, len(diags), got>>20)
		}
	}
}
