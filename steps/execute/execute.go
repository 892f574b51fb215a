// Package execute holds the steps that run a program of this machine.
//
// A program is named, and gets a list of arguments: there is no shell, so no
// text is ever taken apart, expanded or run, but for a script that is a literal. Which program it is stands in the
// skill or the configuration; what comes from outside can only be an argument,
// a variable's value, or stdin. A program may take an argument that begins with
// a dash for an option: put "--" before such a one where it understands that.
//
// It works in a workspace or in an empty folder, with the variables that the
// step names and no others, in a process group of its own. When it takes too
// long or the run is stopped, the whole group is told to end, and killed when it
// does not; what it leaves running is killed when it ends.
//
// exec_read is for programs that only look; a plan runs them. exec is for those
// that change something. No one but the skill's author can know how to look
// whether that has happened: find says it. Without it, a run that was killed
// during the step asks a person.
package execute

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Steps returns the family.
func Steps(o Options) []step.Step {
	r := runner{o}
	codes := []types.Code{types.NotFound, types.Forbidden, types.Unavailable, ExitCode}
	return []step.Step{
		step.Picking(step.Coded(step.Guarded(step.Checked(step.Read("exec_read", "Run a program that only reads.", r.look,
			step.Restore(func(ctx context.Context, in Look, out Out) error { return restore(ctx, in.Dir, out.Files) })).
			Reaches(readReach).Touches("", "program", "run").Errors(append(codes, types.Timeout)...), r.checkLook), Look.guard), func(in Look) []types.Code { return declared(in.Codes) })),
		step.Coded(step.Guarded(step.Checked(step.Write("exec", "Run a program that changes something.", r.run,
			step.Find(r.find), step.Preview(preview), step.EventuallyConsistent[In, Out](),
			step.Restore(func(ctx context.Context, in In, out Out) error { return restore(ctx, in.Dir, out.Files) }),
			step.Resolve("the exit code that it ended with, such as 0", resolve)).
			Reaches(writeReach).Touches("", "program", "run").Errors(codes...), r.checkIn), In.guard), In.declared),
	}
}

// codes are the exit codes that say that the effect is there, and that it is not.
func (f Finder) codes() FindCodes {
	out := FindCodes{Exists: []int{0}, Absent: []int{1}}
	if slices.Contains(declared(f.Codes), types.NotFound) {
		out.Absent = nil
	}
	if f.ExitCodes != nil && len(f.ExitCodes.Exists) > 0 {
		out.Exists = f.ExitCodes.Exists
	}
	if f.ExitCodes != nil && len(f.ExitCodes.Absent) > 0 {
		out.Absent = f.ExitCodes.Absent
	}
	return out
}

func (r runner) look(ctx context.Context, in Look) (Out, error) {
	out, err := r.execute(ctx, in, false)
	if err != nil {
		return Out{}, err.withChanges(err.err)
	}
	return out, nil
}

func (r runner) run(ctx context.Context, in In) (Out, error) {
	out, err := r.execute(ctx, in.Look, true)
	if err != nil && err.worked {
		step.CallOf(ctx).Say(err.err.Message)
		return out, nil
	}
	if err != nil {
		return Out{}, err.withChanges(err.asWrite(in.Look))
	}
	return out, nil
}

// find asks the skill's own question. Without one, nothing speaks against the
// first send, and nothing for a second.
func (r runner) find(ctx context.Context, _ step.Key, in In) (step.Found[Out], error) {
	after := step.CallOf(ctx).AfterUnknown
	if why := r.waitForEarlier(ctx, step.CallOf(ctx)); why != "" {
		return step.Inconclusive[Out]("check whether " + in.Program + " did its work; " + why), nil
	}
	if in.Find == nil {
		if after {
			return step.Inconclusive[Out]("check whether " + in.Program + " did its work; with find, the step checks that itself"), nil
		}
		return step.Absent[Out](), nil
	}
	look, codes := in.Look, in.Find.codes()
	look.Program, look.Script, look.Args, look.Stdin, look.SecretStdin = in.Find.Program, in.Find.Script, in.Find.Args, "", types.Secret{}
	look.Expect, look.Codes = slices.Concat(codes.Exists, codes.Absent), in.Find.Codes
	out, err := r.execute(ctx, look, false)
	switch {
	case err != nil && err.ended && !err.worked && err.err.Code == types.NotFound:
		return step.Absent[Out](), nil
	case err != nil && err.worked: // it says whether the effect is there, in whatever form
	case err != nil && after && ctx.Err() == nil:
		return step.Inconclusive[Out](in.Find.Program + " was to tell it, and " + err.err.Message), nil
	case err != nil:
		return step.Found[Out]{}, unseen(in, err)
	}
	if slices.Contains(codes.Absent, out.ExitCode) {
		return step.Absent[Out](), nil
	}
	if after {
		tellLost(ctx, in)
	}
	return step.Exists("what "+in.Find.Program+" found", out), nil
}

// declared are the error codes of all rules.
func (in In) declared() []types.Code {
	out := declared(in.Codes)
	if in.Find != nil {
		out = append(out, declared(in.Find.Codes)...)
	}
	return out
}

// unseen is why the lookup failed before the program ran.
func unseen(in In, f *fault) error {
	if !f.ended {
		return f.err
	}
	err := *f.err
	err.Message = "cannot tell whether " + name(in.Look) + " did its work: " + err.Message
	return err.WithHint("nothing was run yet: fix what it reports and resume the run, or say in find.exit_codes what its exit code means")
}

// resolve takes a person's word for how the program ended; what it wrote is lost.
func resolve(ctx context.Context, ref string, in In) (Out, error) {
	code, err := strconv.Atoi(ref)
	if err != nil || code < 0 || code > 255 {
		return Out{}, types.Errorf(types.BadInput, "%q is not an exit code", ref).WithHint("give the one that %s ended with, such as 0", name(in.Look))
	}
	if !slices.Contains(expected(in.Look), code) {
		return Out{}, types.Errorf(types.Conflict, "exit code %d of %s is not in expect", code, name(in.Look)).
			WithHint("use --not-done, and it is run again")
	}
	tellLost(ctx, in)
	return Out{ExitCode: code}, nil
}

// tellLost says that no one saw what a program left in its workspace.
func tellLost(ctx context.Context, in In) {
	if call := step.CallOf(ctx); in.Dir != nil && call.Tell != nil {
		call.Tell("what " + name(in.Look) + " left in the workspace " + *in.Dir + " is lost: a later commit lacks it")
	}
}

func preview(_ context.Context, in In, unknown step.UnknownPaths) (step.Prediction[Out], error) {
	p := step.Prediction[Out]{Change: step.Change{Title: "run " + in.Program}, Unknown: step.UnknownPaths{""}}
	if unknown.Has("program") {
		p.Change.Title = "run a program"
	}
	add := func(name string, given bool, value string) {
		if given && !unknown.Has(name) {
			p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: name, Value: value})
		}
	}
	add("program", true, in.Program)
	add("script", in.Script != "", in.Script)
	add("args", len(in.Args) > 0, strings.Join(quoted(in.Args), " "))
	if in.Dir != nil {
		add("dir", true, *in.Dir)
	}
	env, _ := json.Marshal(in.Env)
	add("env", len(in.Env) > 0, string(env))
	add("secret_env", len(in.SecretEnv) > 0, string(types.Encode(in.SecretEnv)))
	add("secret_stdin", !in.SecretStdin.IsZero(), in.SecretStdin.String())
	add("stdin", in.Stdin != "", in.Stdin)
	add("shell", in.Shell, "true")
	add("sandbox", in.Sandbox, "true")
	return p, nil
}

// quoted are arguments as a person can tell them apart.
func quoted(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if a == "" || strings.ContainsAny(a, " \t\n'\"\\") {
			out[i] = string(types.Encode(a))
		}
	}
	return out
}
